import { assert, describe, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Random from "effect/Random"
import * as Scheduler from "effect/Scheduler"
import { TestClock } from "effect/testing"
import { RateWindow } from "../../src/internal/rateWindow.ts"

const make = (limit: number, window: Duration.Input) =>
  Effect.map(
    Clock.clockWith(Effect.succeed),
    (clock) => new RateWindow({ limit, window: Duration.fromInputUnsafe(window) }, clock)
  )

describe("RateWindow", () => {
  it.effect("is free until the limit, and again a window after the oldest of them", () =>
    Effect.gen(function*() {
      const rate = yield* make(2, "1 second")
      assert.isTrue(rate.isFree)
      rate.take()
      yield* TestClock.adjust(400)
      rate.take()
      assert.isFalse(rate.isFree)
      yield* TestClock.adjust(599)
      assert.isFalse(rate.isFree)
      yield* TestClock.adjust(1)
      assert.isTrue(rate.isFree)
      rate.take()
      assert.isFalse(rate.isFree)
      yield* TestClock.adjust(400)
      assert.isTrue(rate.isFree)
    }))

  it.effect("no window ever holds more, whenever they come and whether they are urgent or not", () =>
    Effect.gen(function*() {
      for (let round = 0; round < 20; round++) {
        const limit = yield* Random.nextIntBetween(1, 6)
        const rate = yield* make(limit, 1000)
        const clock = yield* Clock.clockWith(Effect.succeed)
        const taken: Array<number> = []
        const now = () => clock.currentTimeMillisUnsafe()
        const ordinary: Effect.Effect<void> = Effect.suspend(() => {
          if (!rate.isFree) return Effect.andThen(rate.pause, ordinary)
          rate.take()
          taken.push(now())
          return Effect.void
        })
        const fibers: Array<Fiber.Fiber<void>> = []
        for (let i = 0; i < 40; i++) {
          const urgent = yield* Random.nextBoolean
          fibers.push(
            yield* Effect.forkChild(urgent ? rate.first(() => taken.push(now()) > 0) : ordinary)
          )
          yield* TestClock.adjust(yield* Random.nextIntBetween(0, 400))
        }
        yield* TestClock.adjust("5 minutes")
        assert.strictEqual(taken.length, 40)
        for (let i = limit; i < taken.length; i++) {
          assert.isAtLeast(taken[i]! - taken[i - limit]!, 1000, `frame ${i} of round ${round}`)
        }
      }
    }))

  it.effect("a timer of whole milliseconds never wakes too early for a moment in between", () =>
    Effect.gen(function*() {
      const rate = yield* make(1, Duration.micros(1_500n))
      const clock = yield* Clock.clockWith(Effect.succeed)
      yield* TestClock.adjust(Duration.micros(700n))
      const begun = clock.monotonicTimeNanosUnsafe()
      rate.take()
      let taken: bigint | undefined
      yield* Effect.forkChild(
        rate.first(() => {
          taken = clock.monotonicTimeNanosUnsafe()
          return true
        }),
        { startImmediately: true }
      )
      yield* TestClock.adjust(Duration.micros(1_499n))
      assert.isUndefined(taken)
      yield* TestClock.adjust("1 milli")
      assert.isTrue(taken! - begun >= 1_500_000n)
    }))

  it.effect("what was offered and not taken does not count", () =>
    Effect.gen(function*() {
      const rate = yield* make(1, 1000)
      assert.isFalse(yield* rate.first(() => false))
      assert.isTrue(rate.isFree)
      assert.isTrue(yield* rate.first(() => true))
      assert.isFalse(rate.isFree)
    }))

  it.effect("what is urgent goes before what is not, in its own order", () =>
    Effect.gen(function*() {
      const rate = yield* make(1, 1000)
      rate.take()
      const log: Array<string> = []
      const ordinary: Effect.Effect<void> = Effect.suspend(() => {
        if (!rate.isFree) return Effect.andThen(rate.pause, ordinary)
        rate.take()
        log.push("ordinary")
        return Effect.void
      })
      yield* Effect.forkChild(ordinary)
      for (const name of ["first", "second"]) yield* Effect.forkChild(rate.first(() => log.push(name) > 0))
      yield* TestClock.adjust(1000)
      assert.deepStrictEqual(log, ["first"])
      yield* TestClock.adjust(1000)
      assert.deepStrictEqual(log, ["first", "second"])
      yield* TestClock.adjust(1001)
      assert.deepStrictEqual(log, ["first", "second", "ordinary"])
    }))

  it.effect("who is interrupted while it waits takes nothing, and is in nobody's way", () =>
    Effect.gen(function*() {
      const rate = yield* make(1, 1000)
      rate.take()
      const waiting = yield* Effect.forkChild(rate.first(() => true), { startImmediately: true })
      assert.isFalse(rate.isFree)
      yield* Fiber.interrupt(waiting)
      yield* TestClock.adjust(1000)
      assert.isTrue(rate.isFree)
    }))

  it.effect("who is interrupted before it waits, between any two steps, is in nobody's way either", () =>
    Effect.gen(function*() {
      for (const ops of [3, 4, 5, 6, 7, 8]) {
        for (let steps = 0; steps < 6; steps++) {
          const rate = yield* make(1, 1000)
          rate.take()
          const first = Effect.provideService(rate.first(() => true), Scheduler.MaxOpsBeforeYield, ops)
          const waiting = yield* Effect.forkChild(first)
          for (let i = 0; i < steps; i++) yield* Effect.yieldNow
          yield* Fiber.interrupt(waiting)
          yield* TestClock.adjust(1000)
          assert.isTrue(rate.isFree, `${ops} operations a turn, interrupted after ${steps} turns`)
        }
      }
    }))
})
