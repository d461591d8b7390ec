/**
 * Plays one recorded session to one client.
 */
import * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type { WebSocket } from "ws"
import { isReceivable } from "../../CloseCode.ts"
import type { CliFailure } from "../failure.ts"
import type { RecordedSession } from "../recording/readRecording.ts"
import type { Entry } from "../recording/Recording.ts"
import { send } from "../webSocketServer.ts"

/** How it is played. */
export interface PlayOptions {
  /** 0 for as fast as can be. */
  readonly speed: number
  /** Whether the client's messages are waited for. */
  readonly inTurn: boolean
}

/** Plays it to its end, or until the client has gone. Says how many messages were sent. */
export const playSession = (
  socket: WebSocket,
  session: RecordedSession,
  { inTurn, speed }: PlayOptions
): Effect.Effect<{ readonly sent: number }, CliFailure> =>
  Effect.gen(function*() {
    const gone = yield* Deferred.make<void>()
    socket.once("close", () => Deferred.doneUnsafe(gone, Effect.void))
    const client = messagesOf(socket)
    let begun = yield* Clock.currentTimeMillis
    let sent = 0
    let ended = false

    /** Waits until it is time for this. */
    const pace = (at: number): Effect.Effect<void> =>
      speed === 0 ? Effect.void : Effect.flatMap(Clock.currentTimeMillis, (now) => {
        const left = begun + (at - session.begunAt) / speed - now
        return left > 0 ? Effect.sleep(left) : Effect.void
      })

    const playEntry = (entry: Entry): Effect.Effect<void> => {
      switch (entry.kind) {
        case "open":
          return Effect.void
        case "lost":
          return Effect.andThen(
            pace(entry.at),
            Effect.sync(() => {
              ended = true
              socket.terminate()
            })
          )
        case "close":
          return Effect.andThen(
            // Where the client closed, this one has some time to do so, too.
            Effect.andThen(pace(entry.at), entry.direction === "sent" ? Effect.sleep("1 second") : Effect.void),
            Effect.sync(() => {
              ended = true
              // 1005 is what is said where no code was.
              if (isReceivable(entry.code)) socket.close(entry.code, entry.reason)
              else socket.close()
            })
          )
        default:
          if (entry.direction === "sent") {
            return inTurn && entry.kind !== "ping" && entry.kind !== "pong" ? turn(entry.at) : Effect.void
          }
          return Effect.andThen(pace(entry.at), give(entry))
      }
    }

    const turn = (at: number): Effect.Effect<void> =>
      Effect.andThen(
        client.next,
        Effect.map(Clock.currentTimeMillis, (now) => {
          // What follows keeps its distance to this.
          if (speed > 0) begun = now - (at - session.begunAt) / speed
        })
      )

    const give = (entry: Exclude<Entry, { readonly kind: "open" | "close" | "lost" }>): Effect.Effect<void> =>
      Effect.suspend(() => {
        if (entry.kind === "text" || entry.kind === "binary") {
          sent++
          return send(socket, entry.kind === "text" ? entry.data : Buffer.from(entry.base64, "base64"))
        }
        if (entry.kind === "ping" && socket.readyState === socket.OPEN) socket.ping(Buffer.from(entry.base64, "base64"))
        return Effect.void
      })

    yield* Effect.raceFirst(
      Effect.andThen(
        Stream.runForEach(session.entries, (batch) => Effect.forEach(batch, playEntry, { discard: true })),
        // The recording may have ended before the session did.
        Effect.sync(() => ended || socket.close(1000))
      ),
      Deferred.await(gone)
    )
    yield* Deferred.await(gone)
    return { sent }
  })

/** Counts what a client sends, for whoever waits for it. */
const messagesOf = (socket: WebSocket): { readonly next: Effect.Effect<void> } => {
  let arrived = 0
  let waiting: (() => void) | undefined
  socket.on("message", () => {
    arrived++
    waiting?.()
  })
  return {
    next: Effect.callback((resume) => {
      const take = () => {
        arrived--
        waiting = undefined
        resume(Effect.void)
      }
      if (arrived > 0) return take()
      waiting = take
      return Effect.sync(() => {
        waiting = undefined
      })
    })
  }
}
