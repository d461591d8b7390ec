// What the program believes to be: daemons start themselves again by the path of the command.
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"

/** For the life of the scope, this script is the command. */
export const programIs = (script: string): Effect.Effect<void, never, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.sync(() => {
      const before = process.argv[1] ?? ""
      process.argv[1] = script
      return before
    }),
    (before) =>
      Effect.sync(() => {
        process.argv[1] = before
      })
  ).pipe(Effect.asVoid)
