/**
 * A scope that is told about the fibers that are forked into it.
 *
 * A fiber forked with `Effect.forkScoped` that fails is silent: the parent goes
 * on and nothing is logged. In a session such a failure must end the session.
 */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Scope from "effect/Scope"

// A fiber that is forked into a scope is the key of its finalizer there.
class ObservedFinalizers extends Map<{}, (exit: Exit.Exit<any, any>) => Effect.Effect<void>> {
  private readonly onExit: (exit: Exit.Exit<unknown, unknown>) => void

  constructor(onExit: (exit: Exit.Exit<unknown, unknown>) => void) {
    super()
    this.onExit = onExit
  }

  override set(key: {}, finalizer: (exit: Exit.Exit<any, any>) => Effect.Effect<void>): this {
    if (Fiber.isFiber(key)) key.addObserver(this.onExit)
    return super.set(key, finalizer)
  }
}

/**
 * A child of `parent`; `onFailure` is called with the cause of every fiber
 * forked into it that ends by failure or defect, before the scope closed.
 */
export const make = (
  parent: Scope.Scope,
  onFailure: (exit: Exit.Failure<unknown, unknown>) => void
): Effect.Effect<Scope.Closeable> =>
  Effect.map(Scope.fork(parent), (scope) => {
    scope.state = {
      _tag: "Open",
      finalizerKey: undefined,
      finalizer: undefined,
      finalizers: new ObservedFinalizers((exit) => {
        if (scope.state._tag === "Closed" || Exit.isSuccess(exit) || Exit.hasInterrupts(exit)) return
        onFailure(exit)
      })
    }
    return scope
  })
