import { assert, describe, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as RateLimiter from "effect/persistence/RateLimiter"
import { TestClock } from "effect/testing"
import { makePace, type Pace } from "../../src/internal/replayPace.ts"
import { beside } from "../support/connect.ts"

/** When each of so many was sent, in milliseconds. */
const send = (pace: Pace, count: number) =>
  Effect.gen(function*() {
    const times: Array<number> = []
    yield* beside(Effect.gen(function*() {
      while (times.length < count) {
        const room = yield* pace.room(Math.min(pace.batch, count - times.length))
        for (let i = 0; i < room; i++) {
          times.push(yield* Clock.currentTimeMillis)
          yield* pace.spent
        }
      }
    }))
    return times
  })

describe("the pace of a replay", () => {
  it.effect("is that of the batches where nothing limits it", () =>
    Effect.gen(function*() {
      const pace = makePace(3, undefined)
      assert.strictEqual(pace.batch, 3)
      assert.strictEqual(yield* pace.room(2), 2)
    }))

  it.effect("lets no window hold more than the limit, wherever it begins", () =>
    Effect.gen(function*() {
      const pace = makePace(100, { limit: 5, window: Duration.seconds(1), shared: undefined })
      assert.strictEqual(pace.batch, 5)
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
      const [first, second] = [yield* send(makePace(2, limit), 4), yield* send(makePace(2, limit), 4)]
      yield* TestClock.adjust("0 millis")
      assert.strictEqual(first.length + second.length, 4)
      yield* TestClock.adjust("1 second")
      assert.strictEqual(first.length + second.length, 8)
    }).pipe(Effect.provide(Layer.fresh(RateLimiter.layerStoreMemory))))
})
