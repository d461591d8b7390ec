/**
 * `holdfast replay`: a server that says what another one said.
 */
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import type * as FileSystem from "effect/FileSystem"
import type { WebSocket } from "ws"
import { type CliFailure, failure } from "../failure.ts"
import { Output } from "../output.ts"
import { readRecording } from "../recording/readRecording.ts"
import { serve } from "../webSocketServer.ts"
import type { ReplayInput } from "./command.ts"
import { playSession } from "./playSession.ts"

/** Runs the command. */
export const replay = (input: ReplayInput): Effect.Effect<void, CliFailure, FileSystem.FileSystem | Output> =>
  Effect.gen(function*() {
    if (input.speed < 0) return yield* failure("usage", "--speed must not be negative; 0 is as fast as can be.")
    const output = yield* Output
    const { head, sessions } = yield* readRecording(input.file)
    if (sessions.length === 0) {
      return yield* failure("usage", `${input.file} has no session: the connection was never open.`)
    }
    const done = yield* Deferred.make<void, CliFailure>()
    const runFork = Effect.runForkWith(yield* Effect.context<never>())
    let clients = 0
    let left = sessions.length
    const play = (socket: WebSocket) => {
      const number = ++clients
      const index = (number - 1) % sessions.length
      const told = { client: number, session: index + 1 }
      const played = playSession(socket, sessions[index]!, input).pipe(
        Effect.tap(({ sent }) =>
          output.note("info", "ended", `#${number} has had all: ${sent} messages.`, { ...told, sent })
        ),
        Effect.andThen(
          Effect.suspend(() => --left === 0 && !input.loop ? Deferred.succeed(done, undefined) : Effect.void)
        ),
        Effect.catch((error) => Deferred.fail(done, error))
      )
      const begun = `#${number} gets session ${index + 1} of ${sessions.length}.`
      runFork(Effect.andThen(output.note("info", "connected", begun, told), played))
    }
    const { url } = yield* serve({
      listen: input.listen,
      flag: "--listen",
      // Gone: every session was given to somebody.
      accept: () => !input.loop && clients >= sessions.length ? 410 : undefined,
      subprotocol: (offered) => {
        const wanted = sessions[clients % sessions.length]!.subprotocol
        return wanted !== undefined && offered.has(wanted) ? wanted : offered.values().next().value
      },
      onConnection: play
    })
    yield* output.data(url, { event: "listening", url, endpoint: head.endpoint, sessions: sessions.length })
    yield* Deferred.await(done)
  }).pipe(Effect.scoped)
