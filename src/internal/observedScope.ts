/**
 * A scope that is told about the fibers that are forked into it.
 *
 * A fiber forked with `Effect.forkScoped` that fails is silent: the parent goes
 * on and nothing is logged. In a session such a failure must end the session.
 */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Scope from "effect/Scope"

/** Called with the cause of a fiber that ended by failure or defect. */
export type OnFailure = (cause: Cause.Cause<unknown>) => void

/** A scope, and who is told of its fibers' failures. */
export interface ObservedScope {
  readonly scope: Scope.Closeable
  /** Sets the handler; the first failure before that is told at once. */
  readonly observe: (onFailure: OnFailure) => void
  /** Tells of a failure as if a fiber of the scope had it. */
  readonly fail: OnFailure
}

type Finalizer = Parameters<NonNullable<Scope.State.Open["finalizers"]>["set"]>[1]

// A fiber that is forked into a scope is the key of its finalizer there.
class ObservedFinalizers extends Map<{}, Finalizer> implements ObservedScope {
  readonly scope: Scope.Closeable
  private failed: Cause.Cause<unknown> | undefined = undefined
  private onFailure: OnFailure | undefined = undefined

  constructor(scope: Scope.Closeable) {
    super()
    this.scope = scope
    scope.state = { _tag: "Open", finalizerKey: undefined, finalizer: undefined, finalizers: this }
  }

  observe(onFailure: OnFailure): void {
    this.onFailure = onFailure
    if (this.failed !== undefined) onFailure(this.failed)
    this.failed = undefined
  }

  override set(key: {}, finalizer: Finalizer): this {
    if (Fiber.isFiber(key)) key.addObserver((exit) => this.ended(exit))
    return super.set(key, finalizer)
  }

  private ended(exit: Exit.Exit<unknown, unknown>): void {
    if (Exit.isFailure(exit) && !Cause.hasInterruptsOnly(exit.cause)) this.fail(exit.cause)
  }

  fail(cause: Cause.Cause<unknown>): void {
    if (this.scope.state._tag === "Closed") return
    if (this.onFailure !== undefined) return this.onFailure(cause)
    this.failed ??= cause
  }
}

/** A child of `parent` that tells of every fiber forked into it that fails before the scope is closed. */
export const make = (parent: Scope.Scope): Effect.Effect<ObservedScope> =>
  Effect.map(Scope.fork(parent), (scope) => new ObservedFinalizers(scope))
