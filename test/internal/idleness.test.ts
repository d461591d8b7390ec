import { assert, describe, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { TestClock } from "effect/testing"
import type { ConnectionError } from "../../src/ConnectionError.ts"
import * as idleness from "../../src/internal/idleness.ts"
import * as FakeLink from "../support/fakeLink.ts"

const start = Effect.gen(function*() {
  const fake = yield* FakeLink.make
  const fiber = yield* idleness.watch(fake.state, undefined, Duration.seconds(60)).pipe(
    Effect.provideService(Clock.Clock, fake.clock),
    Effect.forkScoped({ startImmediately: true })
  )
  return { fake, fiber }
})

const isWatching = (fiber: Fiber.Fiber<never, ConnectionError>) => fiber.pollUnsafe() === undefined

describe("a guard that only watches", () => {
  it.effect("fails when neither a message nor a ping of the peer's came, and ends the link with that reason", () =>
    Effect.gen(function*() {
      const { fake, fiber } = yield* start
      yield* TestClock.adjust("30 seconds")
      fake.message()
      yield* TestClock.adjust("30 seconds")
      fake.serverPing()
      yield* TestClock.adjust("59999 millis")
      assert(isWatching(fiber))
      yield* TestClock.adjust("1 milli")
      const error = yield* Effect.flip(Fiber.join(fiber))
      assert(error.reason._tag === "HeartbeatTimeout")
      assert.strictEqual(Duration.toSeconds(error.reason.silentFor), 60)
      assert.strictEqual(fake.state.failure(), error)
      assert.strictEqual(fake.terminations, 1)
      assert.deepStrictEqual(fake.pings, [])
      assert.deepStrictEqual(fake.sent, [])
    }))

  it.effect("sees a dead feed behind pongs that keep coming", () =>
    Effect.gen(function*() {
      const { fake, fiber } = yield* start
      for (let i = 0; i < 6; i++) {
        yield* TestClock.adjust("9 seconds")
        fake.pong(new Uint8Array(8))
      }
      yield* TestClock.adjust("6 seconds")
      assert(!isWatching(fiber))
    }))

  it.effect("reads what waits in the kernel before it judges", () =>
    Effect.gen(function*() {
      const { fake, fiber } = yield* start
      yield* TestClock.adjust("59 seconds")
      fake.unread = () => fake.message()
      yield* TestClock.adjust("2 seconds")
      assert(isWatching(fiber))
    }))

  it.effect("grants a little time more when its timer was late, and only then judges", () =>
    Effect.gen(function*() {
      const { fake, fiber } = yield* start
      yield* TestClock.adjust("30 seconds")
      fake.leap("10 minutes")
      yield* TestClock.adjust("30 seconds")
      assert(isWatching(fiber))
      yield* TestClock.adjust("14 seconds")
      assert(isWatching(fiber))
      yield* TestClock.adjust("1 second")
      assert(!isWatching(fiber))
    }))

  it.effect("judges nothing while the link is paused, and counts anew after it", () =>
    Effect.gen(function*() {
      const { fake, fiber } = yield* start
      fake.state.pause()
      yield* TestClock.adjust("1 hour")
      assert(isWatching(fiber))
      fake.state.resume()
      yield* TestClock.adjust("60 seconds")
      assert(isWatching(fiber))
      yield* TestClock.adjust("60 seconds")
      assert(!isWatching(fiber))
    }))

  it.effect("stops once the link is closing, and leaves no timer", () =>
    Effect.gen(function*() {
      const { fake, fiber } = yield* start
      yield* fake.state.close(1000, "")
      yield* TestClock.adjust("1 hour")
      assert(isWatching(fiber))
      assert.strictEqual(fake.sleeping, 0)
    }))
})
