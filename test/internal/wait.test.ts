import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import { TestClock } from "effect/testing"
import { Waiters, waitFor, whenDone } from "../../src/internal/wait.ts"

describe("waitFor", () => {
  it.effect("goes on after the wake, never inside it", () =>
    Effect.gen(function*() {
      const log: Array<string> = []
      let wake = () => {}
      const fiber = yield* Effect.forkChild(
        waitFor(
          (resume) => {
            wake = resume
            return () => log.push("cancelled")
          },
          Effect.sync(() => log.push("went on"))
        ),
        { startImmediately: true }
      )
      wake()
      log.push("woken")
      yield* Fiber.join(fiber)
      assert.deepStrictEqual(log, ["woken", "cancelled", "went on"])
    }))

  it.effect("goes on when the socket's callback has returned, where the link has a word for that", () =>
    Effect.gen(function*() {
      const log: Array<string> = []
      const tasks: Array<() => void> = []
      let wake = () => {}
      yield* Effect.forkChild(
        waitFor(
          (resume) => {
            wake = resume
            return () => {}
          },
          Effect.sync(() => log.push("went on")),
          (task) => tasks.push(task)
        ),
        { startImmediately: true }
      )
      wake()
      yield* Effect.yieldNow
      assert.deepStrictEqual(log, [])
      for (const task of tasks) task()
      assert.deepStrictEqual(log, ["went on"])
    }))

  it.effect("goes on once, however often it is woken", () =>
    Effect.gen(function*() {
      let times = 0
      yield* waitFor(
        (wake) => {
          wake()
          wake()
          return () => {}
        },
        Effect.sync(() => times++)
      )
      yield* Effect.yieldNow
      assert.strictEqual(times, 1)
    }))

  it.effect("cancels its registration when interrupted, and does not go on", () =>
    Effect.gen(function*() {
      const log: Array<string> = []
      const waiters = new Waiters()
      const fiber = yield* Effect.forkChild(
        waitFor((wake) => waiters.add(wake), Effect.sync(() => log.push("went on"))),
        { startImmediately: true }
      )
      assert.strictEqual(waiters.size, 1)
      yield* Fiber.interrupt(fiber)
      assert.strictEqual(waiters.size, 0)
      assert.deepStrictEqual(log, [])
    }))

  it.effect("does not go on in a fiber that was interrupted after the wake", () =>
    Effect.gen(function*() {
      const log: Array<string> = []
      const waiters = new Waiters()
      const fiber = yield* Effect.forkChild(
        waitFor((wake) => waiters.add(wake), Effect.sync(() => log.push("went on"))),
        { startImmediately: true }
      )
      waiters.wakeAll()
      yield* Fiber.interrupt(fiber)
      yield* Effect.yieldNow
      assert.deepStrictEqual(log, [])
    }))

  it.effect("is a hop that TestClock waits for", () =>
    Effect.gen(function*() {
      const waiters = new Waiters()
      let rounds = 0
      // Each round sleeps, wakes the other fiber and waits for it in turn.
      yield* Effect.forkChild(Effect.forever(Effect.gen(function*() {
        yield* Effect.sleep("1 second")
        waiters.wakeAll()
      })))
      yield* Effect.forkChild(Effect.forever(Effect.gen(function*() {
        yield* waitFor((wake) => waiters.add(wake), Effect.void)
        rounds++
      })))
      yield* TestClock.adjust("10 seconds")
      assert.strictEqual(rounds, 10)
    }))
})

describe("Waiters", () => {
  it("wakes each once, in the order in which they came", () => {
    const waiters = new Waiters()
    const log: Array<string> = []
    waiters.add(() => log.push("a"))
    waiters.add(() => log.push("b"))
    waiters.wakeAll()
    waiters.wakeAll()
    assert.deepStrictEqual(log, ["a", "b"])
    assert.strictEqual(waiters.size, 0)
  })

  it("leaves who comes while others are woken for the next time", () => {
    const waiters = new Waiters()
    const log: Array<string> = []
    waiters.add(() => {
      log.push("first")
      waiters.add(() => log.push("second"))
    })
    waiters.wakeAll()
    assert.deepStrictEqual(log, ["first"])
    waiters.wakeAll()
    assert.deepStrictEqual(log, ["first", "second"])
  })

  it("forgets who is removed, also twice", () => {
    const waiters = new Waiters()
    let woken = 0
    const remove = waiters.add(() => woken++)
    waiters.add(() => woken++)
    remove()
    remove()
    waiters.wakeAll()
    remove()
    assert.strictEqual(woken, 1)
  })
})

describe("whenDone", () => {
  const setup = () => {
    const state = { done: () => {}, started: 0, cancelled: 0 }
    const onceEnded = new Waiters()
    const start = (done: () => void) => {
      state.started++
      state.done = done
      return () => {
        state.cancelled++
      }
    }
    return { onceEnded, state, wait: whenDone(start, onceEnded, Effect.fail("ended")) }
  }

  it.effect("succeeds once it is called back, at once or later", () =>
    Effect.gen(function*() {
      yield* whenDone((done) => done(), new Waiters(), Effect.fail("ended"))
      const { onceEnded, state, wait } = setup()
      const waiting = yield* Effect.forkChild(wait, { startImmediately: true })
      yield* Effect.yieldNow
      assert.isUndefined(waiting.pollUnsafe())
      state.done()
      yield* Fiber.join(waiting)
      assert.strictEqual(onceEnded.size, 0)
    }))

  it.effect("fails where the end comes before, but not where it comes after", () =>
    Effect.gen(function*() {
      for (const left of [false, true]) {
        const { onceEnded, state, wait } = setup()
        const waiting = yield* Effect.forkChild(Effect.exit(wait), { startImmediately: true })
        if (left) state.done()
        onceEnded.wakeAll()
        assert.strictEqual(Exit.isSuccess(yield* Fiber.join(waiting)), left)
      }
    }))

  it.effect("leaves nothing behind where it is interrupted, and starts anew each time", () =>
    Effect.gen(function*() {
      const { onceEnded, state, wait } = setup()
      assert.strictEqual(state.started, 0)
      yield* Fiber.interrupt(yield* Effect.forkChild(wait, { startImmediately: true }))
      yield* Fiber.interrupt(yield* Effect.forkChild(wait, { startImmediately: true }))
      assert.deepInclude(state, { started: 2, cancelled: 2 })
      assert.strictEqual(onceEnded.size, 0)
      state.done()
    }))
})
