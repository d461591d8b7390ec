/**
 * Suspending a fiber on a callback without resuming it inside that callback.
 *
 * A socket's event handler must not run a user's fiber, and a woken fiber must
 * be one that TestClock can wait for: so the resumption is a task of the waiting
 * fiber's own dispatcher. Only a link of real sockets, for which TestClock cannot
 * wait, may name a shorter way (`Link.afterCallback`).
 */
import * as Effect from "effect/Effect"

/**
 * Suspends until `wake` is called, then goes on with `next`, which runs only in
 * a fiber that is still there to use its result.
 */
export const waitFor = <A, E, R>(
  register: (wake: () => void) => () => void,
  next: Effect.Effect<A, E, R>,
  afterCallback?: (task: () => void) => void
): Effect.Effect<A, E, R> =>
  afterCallback === undefined
    ? Effect.withFiber((fiber) => suspend(register, next, (task) => fiber.currentDispatcher.scheduleTask(task, 0)))
    : suspend(register, next, afterCallback)

const suspend = <A, E, R>(
  register: (wake: () => void) => () => void,
  next: Effect.Effect<A, E, R>,
  later: (task: () => void) => void
): Effect.Effect<A, E, R> =>
  Effect.callback<A, E, R>((resume) => {
    let woken = false
    const cancel = register(() => {
      if (woken) return
      woken = true
      later(() => {
        cancel()
        resume(next)
      })
    })
    return Effect.sync(cancel)
  })

/** A set of callbacks that are called together, once each. */
export class Waiters {
  // Nearly always there is one at most, and an array costs ten times a field.
  private first: (() => void) | undefined = undefined
  private others: Array<() => void> | undefined = undefined

  /** Adds a callback; the result removes it. */
  add(wake: () => void): () => void {
    if (this.first === undefined) this.first = wake
    else (this.others ??= []).push(wake)
    return () => this.remove(wake)
  }

  private remove(wake: () => void): void {
    if (this.first === wake) {
      this.first = this.others?.shift()
      return
    }
    const index = this.others?.indexOf(wake) ?? -1
    if (index >= 0) this.others!.splice(index, 1)
  }

  get size(): number {
    return (this.first === undefined ? 0 : 1) + (this.others === undefined ? 0 : this.others.length)
  }

  /** Calls and forgets all of them, in the order in which they came. */
  wakeAll(): void {
    const { first, others } = this
    if (first === undefined) return
    this.first = this.others = undefined
    first()
    if (others === undefined) return
    for (let i = 0; i < others.length; i++) others[i]!()
  }
}

/** Starts, and succeeds once `done` was called; goes on with `failed` where `onceEnded` is woken first. What starting returns cancels. */
export const whenDone = <E>(
  start: (done: () => void) => (() => void) | void,
  onceEnded: Waiters,
  failed: Effect.Effect<never, E>
): Effect.Effect<void, E> =>
  Effect.suspend(() => {
    let isDone = false
    let wake: (() => void) | undefined
    const cancel = start(() => {
      isDone = true
      wake?.()
    })
    if (isDone) return Effect.void
    return waitFor<void, E, never>(
      (resume) => {
        if (isDone) resume()
        wake = resume
        const forget = onceEnded.add(resume)
        return () => {
          wake = undefined
          forget()
          cancel?.()
        }
      },
      Effect.suspend(() => isDone ? Effect.void : failed)
    )
  })
