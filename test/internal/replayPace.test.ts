import { assert, describe, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as RateLimiter from "effect/persistence/RateLimiter"
import { TestClock } from "effect/testing"
import { makePace, type Pace, type ReplayLimit } from "../../src/internal/replayPace.ts"
import { beside, settle } from "../support/connect.ts"

/** When each of so many was sent, in milliseconds. */
const send = (pace: Pace, count: number) =>
  Effect.gen(function*() {
    const times: Array<number> = []
    yield* beside(Effect.gen(function*() {
      while (times.length < count) {
        const messages = Math.min(pace.batch, count - times.length)
        yield* pace.begin(messages)
        for (let i = 0; i < messages; i++) {
          yield* pace.each
          times.push(yield* Clock.currentTimeMillis)
          yield* pace.spent
        }
      }
    }))
    return times
  })

const make = (batch: number, limit: ReplayLimit | undefined) =>
  Effect.map(Clock.Clock, (clock) => makePace(batch, limit, clock))

describe("the pace of a replay", () => {
  it.effect("is that of the batches where nothing limits it", () =>
    Effect.gen(function*() {
      const pace = yield* make(3, undefined)
      assert.strictEqual(pace.batch, 3)
      const times = yield* send(pace, 7)
      yield* settle
      assert.lengthOf(times, 7)
    }))

  it.effect("lets no window hold more than the limit, wherever it begins", () =>
    Effect.gen(function*() {
      const pace = yield* make(100, { limit: 5, window: Duration.seconds(1), shared: undefined })
      const early = yield* send(pace, 3)
      yield* TestClock.adjust("700 millis")
      const late = yield* send(pace, 9)
      yield* TestClock.adjust("10 seconds")
      const times = [...early, ...late]
      assert.lengthOf(times, 12)
      const begin = times[0]!
      assert.deepStrictEqual(times.map((time) => time - begin), [
        ...[0, 0, 0, 700, 700],
        ...[1000, 1000, 1000, 1700, 1700],
        ...[2000, 2000]
      ])
    }))

  it.effect("can be shared through Effect's RateLimiter", () =>
    Effect.gen(function*() {
      const limiter = yield* RateLimiter.make
      const limit = { limit: 4, window: Duration.seconds(1), shared: { limiter, key: "feed" } }
      const [first, second] = [yield* send(yield* make(2, limit), 4), yield* send(yield* make(2, limit), 4)]
      yield* TestClock.adjust("0 millis")
      assert.strictEqual(first.length + second.length, 4)
      yield* TestClock.adjust("1 second")
      assert.strictEqual(first.length + second.length, 8)
    }).pipe(Effect.provide(Layer.fresh(RateLimiter.layerStoreMemory))))
})
