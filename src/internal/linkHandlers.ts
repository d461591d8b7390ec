/**
 * The handlers of a link's `onMessage`, `onPing` and `onPong`, each for as long
 * as its scope is open.
 */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"

export class LinkHandlers<A> {
  private readonly handlers: Array<(value: A) => void> = []

  call(value: A): void {
    // A copy, since a handler may remove itself.
    for (const handler of this.handlers.slice()) handler(value)
  }

  scoped(handler: (value: A) => void): Effect.Effect<void, never, Scope.Scope> {
    return Effect.asVoid(Effect.acquireRelease(
      Effect.sync(() => this.handlers.push(handler)),
      () =>
        Effect.sync(() => {
          const index = this.handlers.indexOf(handler)
          if (index >= 0) this.handlers.splice(index, 1)
        })
    ))
  }
}
