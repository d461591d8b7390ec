import { assert, describe, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import { TestClock } from "effect/testing"
import type { ConnectionError } from "../../src/ConnectionError.ts"
import * as askers from "../../src/internal/askers.ts"
import * as liveness from "../../src/internal/liveness.ts"
import * as FakeLink from "../support/fakeLink.ts"

const start = Effect.fnUntraced(function*(options?: {
  readonly interval?: Duration.Input
  readonly timeout?: Duration.Input
  readonly setup?: (fake: FakeLink.FakeLink) => void
}) {
  const fake = yield* FakeLink.make
  options?.setup?.(fake)
  const rtts: Array<number> = []
  const pace = {
    interval: Duration.fromInputUnsafe(options?.interval ?? "25 seconds"),
    timeout: Duration.fromInputUnsafe(options?.timeout ?? "15 seconds")
  }
  const context = { attempt: 3, onRtt: (rtt: Duration.Duration) => rtts.push(Duration.toMillis(rtt)) }
  const fiber = yield* liveness.watch(fake.state, context, pace, askers.pings).pipe(
    Effect.provideService(Clock.Clock, fake.clock),
    Effect.forkScoped({ startImmediately: true })
  )
  return { fake, fiber, rtts }
})

const isWatching = (fiber: Fiber.Fiber<never, ConnectionError>) => fiber.pollUnsafe() === undefined

const verdict = Effect.fnUntraced(function*(fiber: Fiber.Fiber<never, ConnectionError>) {
  const error = yield* Effect.flip(Fiber.join(fiber))
  assert(error.reason._tag === "HeartbeatTimeout")
  return { error, reason: error.reason }
})

const pingTimes = (fake: FakeLink.FakeLink) => fake.pings.map((ping) => ping.at)

describe("a guard that asks", () => {
  describe("in the steady state", () => {
    it.effect("pings when nothing was received for an interval, and goes on while pongs come", () =>
      Effect.gen(function*() {
        const { fake, fiber } = yield* start({ setup: (fake) => (fake.answering = true) })
        yield* TestClock.adjust("24999 millis")
        assert.deepStrictEqual(pingTimes(fake), [])
        yield* TestClock.adjust("10 minutes")
        assert.deepStrictEqual(pingTimes(fake).slice(0, 3), [25_000, 50_000, 75_000])
        assert(isWatching(fiber))
      }))

    it.effect("wakes once for a beat where the timeout is as long as the interval, however far the peer is", () =>
      Effect.gen(function*() {
        const { fake } = yield* start({ interval: "20 seconds", timeout: "20 seconds" })
        const beats = Effect.fnUntraced(function*(times: number) {
          for (let i = 0; i < times; i++) {
            yield* TestClock.adjust("19850 millis")
            // A round trip of 150 ms is more than the least slack.
            yield* TestClock.adjust("150 millis")
            fake.pong(fake.pings.at(-1)!.payload)
          }
        })
        yield* TestClock.adjust("20150 millis")
        fake.pong(fake.pings[0]!.payload)
        yield* beats(2)
        const before = { beats: fake.pings.length, sleeps: fake.sleeps }
        yield* beats(10)
        assert.strictEqual(fake.pings.length - before.beats, 10)
        assert.strictEqual(fake.sleeps - before.sleeps, 10)
      }))

    it.effect("wakes at most twice for a beat where the timeout is shorter", () =>
      Effect.gen(function*() {
        const { fake } = yield* start({ setup: (fake) => (fake.answering = true) })
        yield* TestClock.adjust("1000 seconds")
        assert.strictEqual(fake.pings.length, 40)
        assert.isAtMost(fake.sleeps, 81)
      }))

    it.effect("sends no ping while the peer talks", () =>
      Effect.gen(function*() {
        const { fake, fiber } = yield* start()
        for (let i = 0; i < 30; i++) {
          yield* TestClock.adjust("10 seconds")
          fake.message()
        }
        assert.deepStrictEqual(fake.pings, [])
        assert(isWatching(fiber))
      }))

    it.effect("reports the round trip from the ping written to its pong", () =>
      Effect.gen(function*() {
        const { fake, rtts } = yield* start()
        yield* TestClock.adjust("25 seconds")
        yield* TestClock.adjust("120 millis")
        fake.pong(fake.pings[0]!.payload)
        assert.deepStrictEqual(rtts, [120])
      }))
  })

  describe("over a dead link", () => {
    it.effect("fails within interval and timeout of the last thing received, and ends the link with that reason", () =>
      Effect.gen(function*() {
        const { fake, fiber } = yield* start()
        yield* TestClock.adjust("7 seconds")
        fake.message()
        yield* TestClock.adjust("39999 millis")
        assert(isWatching(fiber))
        yield* TestClock.adjust("1 milli")
        const { error, reason } = yield* verdict(fiber)
        assert.strictEqual(Duration.toMillis(reason.silentFor), 40_000)
        assert.strictEqual(Duration.toMillis(reason.interval), 25_000)
        assert.strictEqual(Duration.toMillis(reason.timeout), 15_000)
        assert.strictEqual(error.attempt, 3)
        assert.strictEqual(error.endpoint, "ws://fake/path")
        assert.strictEqual(fake.terminations, 1)
        assert.strictEqual(fake.state.failure(), error)
      }))

    it.effect("does so for a timeout longer than the interval too, with one ping", () =>
      Effect.gen(function*() {
        const { fake, fiber } = yield* start({ interval: "10 seconds", timeout: "35 seconds" })
        yield* TestClock.adjust("44999 millis")
        assert(isWatching(fiber))
        yield* TestClock.adjust("1 milli")
        yield* verdict(fiber)
        assert.deepStrictEqual(pingTimes(fake), [10_000])
      }))

    it.effect("takes any frame for life, so heavy traffic with late pongs is no false alarm", () =>
      Effect.gen(function*() {
        const { fake, fiber, rtts } = yield* start()
        yield* TestClock.adjust("25 seconds")
        assert.strictEqual(fake.pings.length, 1)
        for (let i = 0; i < 100; i++) {
          yield* TestClock.adjust("14 seconds")
          fake.message()
        }
        assert(isWatching(fiber))
        fake.pong(fake.pings[0]!.payload)
        assert.deepStrictEqual(rtts, [1_400_000])
      }))
  })

  describe("whose timers are late", () => {
    it.effect("reads what waits in the kernel before it judges", () =>
      Effect.gen(function*() {
        const { fake, fiber } = yield* start()
        yield* TestClock.adjust("25 seconds")
        fake.unread = () => fake.pong(fake.pings[0]!.payload)
        yield* TestClock.adjust("15 seconds")
        assert.strictEqual(fake.pings.length, 1)
        assert(isWatching(fiber))
      }))

    it.effect("does not drop the link when the event loop was blocked for longer than the timeout", () =>
      Effect.gen(function*() {
        const { fake, fiber } = yield* start()
        yield* TestClock.adjust("25 seconds")
        fake.leap("20 seconds")
        fake.unread = () => fake.pong(fake.pings[0]!.payload)
        yield* TestClock.adjust("15 seconds")
        assert.strictEqual(fake.pings.length, 1)
        yield* TestClock.adjust("5 minutes")
        assert(!isWatching(fiber))
      }))

    it.effect("asks once more, and only then may judge", () =>
      Effect.gen(function*() {
        const { fake, fiber } = yield* start()
        yield* TestClock.adjust("25 seconds")
        fake.leap("20 seconds")
        yield* TestClock.adjust("15 seconds")
        assert.deepStrictEqual(pingTimes(fake), [25_000, 40_000])
        yield* TestClock.adjust("14999 millis")
        assert(isWatching(fiber))
        yield* TestClock.adjust("1 milli")
        yield* verdict(fiber)
      }))

    it.effect("sends no ping after a stall where data waits in the kernel", () =>
      Effect.gen(function*() {
        const { fake } = yield* start()
        yield* TestClock.adjust("5 seconds")
        fake.leap("30 seconds")
        fake.unread = () => fake.message()
        yield* TestClock.adjust("20 seconds")
        assert.deepStrictEqual(fake.pings, [])
      }))

    it.effect("sends one ping, not a burst, after the machine slept for ten minutes", () =>
      Effect.gen(function*() {
        const { fake, fiber, rtts } = yield* start()
        yield* TestClock.adjust("5 seconds")
        fake.leap("10 minutes")
        yield* TestClock.adjust("20 seconds")
        assert.deepStrictEqual(pingTimes(fake), [25_000])
        fake.pong(fake.pings[0]!.payload)
        yield* TestClock.adjust("24 seconds")
        assert.strictEqual(fake.pings.length, 1)
        assert.deepStrictEqual(rtts, [0])
        assert(isWatching(fiber))
      }))
  })

  describe("over a paused link", () => {
    it.effect("judges nothing, however long", () =>
      Effect.gen(function*() {
        const { fake, fiber } = yield* start()
        yield* TestClock.adjust("25 seconds")
        fake.state.pause()
        yield* TestClock.adjust("1 hour")
        assert.strictEqual(fake.pings.length, 1)
        assert(isWatching(fiber))
      }))

    it.effect("counts anew after it, and fails within interval and timeout of the resumption", () =>
      Effect.gen(function*() {
        const { fake, fiber } = yield* start()
        yield* TestClock.adjust("30 seconds")
        fake.state.pause()
        yield* TestClock.adjust("10 minutes")
        fake.state.resume()
        yield* TestClock.adjust("14 seconds")
        assert(isWatching(fiber))
        yield* TestClock.adjust("26 seconds")
        yield* verdict(fiber)
      }))

    it.effect("gives no round trip for a ping from before it", () =>
      Effect.gen(function*() {
        const { fake, rtts } = yield* start()
        yield* TestClock.adjust("25 seconds")
        fake.state.pause()
        yield* TestClock.adjust("1 minute")
        fake.state.resume()
        fake.pong(fake.pings[0]!.payload)
        assert.deepStrictEqual(rtts, [])
      }))
  })

  describe("behind our own backlog", () => {
    it.effect("counts the deadline from the ping written", () =>
      Effect.gen(function*() {
        const { fake, fiber } = yield* start({ setup: (fake) => (fake.stuck = true) })
        yield* TestClock.adjust("35 seconds")
        fake.release()
        yield* TestClock.adjust("14999 millis")
        assert(isWatching(fiber))
        yield* TestClock.adjust("1 milli")
        yield* verdict(fiber)
      }))

    it.effect("never takes a slow but draining link for a dead one", () =>
      Effect.gen(function*() {
        const { fake, fiber } = yield* start({ setup: (fake) => (fake.stuck = true) })
        fake.backlog = 200_000
        // 1 000 bytes in 10 seconds, and what left is refilled now and then.
        for (let i = 0; i < 60; i++) {
          yield* TestClock.adjust("10 seconds")
          fake.backlog -= 1_000
          yield* TestClock.adjust("2 seconds")
          if (i % 2 === 1) fake.backlog += 2_000
        }
        assert(isWatching(fiber))
        assert.strictEqual(fake.pings.length, 1)
        fake.release()
        yield* TestClock.adjust("17 seconds")
        yield* verdict(fiber)
      }))

    it.effect("fails within interval and timeout where nothing leaves", () =>
      Effect.gen(function*() {
        const { fake, fiber } = yield* start({ setup: (fake) => (fake.stuck = true) })
        fake.backlog = 200_000
        yield* TestClock.adjust("39999 millis")
        assert(isWatching(fiber))
        yield* TestClock.adjust("1 milli")
        yield* verdict(fiber)
      }))

    it.effect("is not put off by messages that are on their way while the ping left at once", () =>
      Effect.gen(function*() {
        const { fake, fiber } = yield* start()
        fake.backlog = 1_000
        yield* TestClock.adjust("25 seconds")
        for (let i = 0; i < 15; i++) {
          assert(isWatching(fiber))
          fake.backlog -= 50
          yield* TestClock.adjust("1 second")
        }
        yield* verdict(fiber)
      }))

    it.effect("takes the growth of the backlog for no progress", () =>
      Effect.gen(function*() {
        const { fake, fiber } = yield* start({ setup: (fake) => (fake.stuck = true) })
        fake.backlog = 1_000
        for (let i = 0; i < 40; i++) {
          yield* TestClock.adjust("1 second")
          fake.backlog += 100
        }
        yield* verdict(fiber)
      }))
  })

  describe("at the end of the session", () => {
    it.effect("stops asking once a Close was sent, and reports nothing", () =>
      Effect.gen(function*() {
        const { fake, fiber } = yield* start()
        yield* TestClock.adjust("10 seconds")
        yield* fake.state.close(1000, "")
        yield* TestClock.adjust("10 minutes")
        assert.deepStrictEqual(fake.pings, [])
        assert.strictEqual(fake.sleeping, 0)
        assert(isWatching(fiber))
      }))

    it.effect("leaves the report to the link where the link ends under a ping", () =>
      Effect.gen(function*() {
        const { fake, fiber } = yield* start({ setup: (fake) => (fake.stuck = true) })
        yield* TestClock.adjust("25 seconds")
        yield* fake.state.terminate
        yield* TestClock.adjust("10 minutes")
        assert.strictEqual(fake.terminations, 1)
        assert(isWatching(fiber))
      }))

    it.effect("ends with its scope: no timer, no pending ping and no handler stays", () =>
      Effect.gen(function*() {
        const { fake, fiber, rtts } = yield* start({ setup: (fake) => (fake.stuck = true) })
        yield* TestClock.adjust("25 seconds")
        assert.strictEqual(fake.sleeping, 1)
        yield* Fiber.interrupt(fiber)
        assert.strictEqual(fake.sleeping, 0)
        fake.pong(fake.pings[0]!.payload)
        assert.deepStrictEqual(rtts, [])
        yield* TestClock.adjust("10 minutes")
        assert.strictEqual(fake.terminations, 0)
        assert(Exit.hasInterrupts(yield* Fiber.await(fiber)))
      }))
  })
})
