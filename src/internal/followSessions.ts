/**
 * The sessions of a connection, for what is built on top of a protocol: told as
 * each begins, before anything that waits is sent, and as it ends, before the
 * next one begins.
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { Session } from "../Connection.ts"
import type { ConnectionError } from "../ConnectionError.ts"
import type { ProtocolPrelude, ProtocolService } from "../Protocol.ts"

/** Who is told. */
export interface Follower<Outgoing> {
  /** A session is open. In its prelude, but for a session that was open when the following began. */
  readonly onBegin: (session: ProtocolPrelude<Outgoing>) => Effect.Effect<void, ConnectionError>
  /** That session is over. All that it received has been handed to listeners, and nothing of the next one. */
  readonly onEnd: (error: ConnectionError) => void
  /** There will be no other session: closed by us, given up, or dead of a defect. */
  readonly onClosed: (exit: Exit.Exit<void, ConnectionError>) => void
}

/** Tells the follower, from now on, for the life of the scope. */
export const followSessions = <Incoming, Outgoing>(
  protocol: ProtocolService<Incoming, Outgoing>,
  follower: Follower<Outgoing>
): Effect.Effect<void, never, Scope.Scope> =>
  Effect.gen(function*() {
    const scope = yield* Effect.scope
    const watch = (effect: Effect.Effect<void>) => Effect.forkIn(effect, scope, { startImmediately: true })
    let current: number | undefined

    const end = (id: number | undefined, error: ConnectionError): void => {
      if (current === undefined || current !== id) return
      current = undefined
      follower.onEnd(error)
    }

    const begin = (session: ProtocolPrelude<Outgoing>) =>
      Effect.suspend(() => {
        if (session.id === current) return Effect.void
        // Where the news of the end is still on its way, it is told first.
        if (Option.isSome(session.previous)) end(current, session.previous.value)
        current = session.id
        const ended = Effect.matchCause(session.ended, {
          onSuccess: (error) => end(session.id, error),
          // A defect closes the connection, and is told with that.
          onFailure: () => {}
        })
        return Effect.andThen(watch(ended), follower.onBegin(session))
      })

    yield* protocol.prelude(begin)
    const status = yield* protocol.status
    if (status._tag === "Open") {
      yield* watch(Effect.ignore(Effect.flatMap(protocol.connection.awaitOpen, (session) =>
        // Another one has its prelude.
        session.id === status.session
          ? Effect.andThen(letGo(session), begin(asPrelude(protocol, session)))
          : Effect.void)))
    }
    yield* watch(Effect.map(Effect.exit(protocol.connection.await), (exit) => follower.onClosed(exit)))
  })

// A session that was handed out keeps its messages for a reader who may come: none does.
const letGo = (session: Session): Effect.Effect<void> => Effect.scoped(Effect.asVoid(Stream.toPull(session.messages)))

const asPrelude = <Incoming, Outgoing>(
  protocol: ProtocolService<Incoming, Outgoing>,
  { endpoint, ended, id, send, subprotocol }: Session
): ProtocolPrelude<Outgoing> => ({
  id,
  endpoint,
  subprotocol,
  send: (outgoing) => Effect.flatMap(Effect.fromResult(protocol.encode(outgoing)), (message) => send(message)),
  ended,
  downtime: Duration.zero,
  previous: Option.none()
})
