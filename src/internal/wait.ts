/**
 * Suspending a fiber on a callback without resuming it inside that callback.
 *
 * A socket's event handler must not run a user's fiber, and a woken fiber must
 * be one that TestClock can wait for: so the resumption is a task of the waiting
 * fiber's own dispatcher.
 */
import * as Effect from "effect/Effect"

/**
 * Suspends until `wake` is called, then goes on with `next`, which runs only in
 * a fiber that is still there to use its result.
 */
export const waitFor = <A, E, R>(
  register: (wake: () => void) => () => void,
  next: Effect.Effect<A, E, R>
): Effect.Effect<A, E, R> =>
  Effect.withFiber((fiber) =>
    Effect.callback<A, E, R>((resume) => {
      let woken = false
      const cancel = register(() => {
        if (woken) return
        woken = true
        fiber.currentDispatcher.scheduleTask(() => {
          cancel()
          resume(next)
        }, 0)
      })
      return Effect.sync(cancel)
    })
  )

/** A set of callbacks that are called together, once each. */
export class Waiters {
  private waiting: Array<() => void> | undefined = undefined

  /** Adds a callback; the result removes it. */
  add(wake: () => void): () => void {
    ;(this.waiting ??= []).push(wake)
    return () => {
      const index = this.waiting?.indexOf(wake) ?? -1
      if (index >= 0) this.waiting!.splice(index, 1)
    }
  }

  get size(): number {
    return this.waiting === undefined ? 0 : this.waiting.length
  }

  /** Calls and forgets all of them. */
  wakeAll(): void {
    const waiting = this.waiting
    if (waiting === undefined) return
    this.waiting = undefined
    for (let i = 0; i < waiting.length; i++) waiting[i]!()
  }
}
