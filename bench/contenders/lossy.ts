// A Holdfast connection whose sessions are lost as soon as they open.
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import * as Stream from "effect/Stream"
import { NodeConnection } from "holdfast/node"
import { deferred } from "../deferred.ts"

/** Opens it, and reads it in every way. */
export const lossy = (url: string): Promise<void> => {
  const opened = deferred()
  const program = Effect.gen(function*() {
    const connection = yield* NodeConnection.make({ url, reconnect: { schedule: Schedule.forever } })
    yield* Effect.forkScoped(Stream.runDrain(connection.messages))
    yield* Effect.forkScoped(Stream.runDrain(connection.events))
    yield* connection.withSessions((session) =>
      Effect.gen(function*() {
        opened.resolve()
        yield* Effect.forkScoped(Effect.never)
        return yield* Stream.runDrain(session.messages)
      })
    )
  })
  Effect.runPromise(Effect.scoped(program)).catch(opened.reject)
  return opened.promise
}
