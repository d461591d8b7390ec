// What is done to a proxy, whichever it is.
import { Effect, Exit, Scope } from "effect"
import * as Processes from "./processes.ts"

export interface Proxy {
  readonly port: number
  readonly url: string
  /** Reads its configuration anew, while it works. */
  readonly reload: Effect.Effect<void>
  /** All its processes, at once. */
  readonly kill: Effect.Effect<void>
  /** After `kill`. */
  readonly restart: Effect.Effect<void>
}

/** A proxy that listens there, launched anew as often as it is asked to be. */
export const relaunched = (
  port: number,
  reload: NodeJS.Signals,
  launch: Effect.Effect<Processes.Program, never, Scope.Scope>
): Effect.Effect<Proxy, never, Scope.Scope> =>
  Effect.gen(function*() {
    const scope = yield* Effect.scope
    let current: { readonly program: Processes.Program; readonly scope: Scope.Closeable } | undefined
    const start = Effect.gen(function*() {
      // Of its own, so that what was killed is forgotten.
      const own = yield* Scope.fork(scope)
      current = { program: yield* Scope.provide(launch, own), scope: own }
      yield* Processes.listening(port)
    })
    yield* start
    return {
      port,
      url: `ws://127.0.0.1:${port}/`,
      reload: Effect.suspend(() => current?.program.signal(reload) ?? Effect.void),
      kill: Effect.suspend(() => current === undefined ? Effect.void : Scope.close(current.scope, Exit.void)),
      restart: start
    }
  })
