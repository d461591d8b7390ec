import { assert, describe, it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Random from "effect/Random"
import * as Schedule from "effect/Schedule"
import { TestClock } from "effect/testing"
import {
  AbnormalClosure,
  ConnectFailed,
  ConnectionError,
  fromCloseFrame,
  HandshakeRejected,
  SendFailed
} from "../../src/ConnectionError.ts"
import * as pacer from "../../src/internal/pacer.ts"
import * as Reconnect from "../../src/Reconnect.ts"
import * as Recovery from "../../src/Recovery.ts"

const error = (reason: ConnectionError["reason"]) => new ConnectionError({ reason })
const lost = error(new AbnormalClosure({ cause: undefined }))
const refused = error(new ConnectFailed({ phase: "tcp", code: "ECONNREFUSED" }))
const close = (code: number) => error(fromCloseFrame({ code }))
const status = (status: number, retryAfter?: Duration.Input) =>
  error(
    new HandshakeRejected({
      status,
      retryAfter: Option.map(Option.fromUndefinedOr(retryAfter), Duration.fromInputUnsafe)
    })
  )

const make = (options?: Reconnect.ReconnectOptions) => Effect.flatMap(Reconnect.make(options), pacer.make)

// Stop, or the delay in milliseconds.
const decided = (decision: pacer.Decision) =>
  decision._tag === "Stop" ? "Stop" : Math.round(Duration.toMillis(decision.delay))

const run = Effect.fnUntraced(function*(pacer: pacer.Pacer, errors: ReadonlyArray<ConnectionError>) {
  const decisions: Array<number | "Stop"> = []
  for (const error of errors) decisions.push(decided(yield* pacer.decide(error)))
  return decisions
})

const times = (n: number, error: ConnectionError) => Array.from({ length: n }, () => error)

const always = (share: number) =>
  Effect.provideService(Random.Random, { nextDoubleUnsafe: () => share, nextIntUnsafe: () => 0 })

const everySecond = Schedule.spaced("1 second")

describe("the pacer", () => {
  it.effect("stops where the classification says so, once and for all", () =>
    Effect.gen(function*() {
      const { decide } = yield* make()
      assert.deepStrictEqual(yield* decide(close(1008)), { _tag: "Stop" })
    }))

  it.effect("waits as long as the schedule says", () =>
    Effect.gen(function*() {
      const pacer = yield* make({ schedule: Schedule.exponential("100 millis") })
      assert.deepStrictEqual(yield* run(pacer, times(4, lost)), [100, 200, 400, 800])
    }))

  it.effect("gives the schedule the error and the time", () =>
    Effect.gen(function*() {
      const schedule = Schedule.forever.pipe(
        Schedule.setInputType<ConnectionError>(),
        Schedule.passthrough,
        Schedule.addDelay((metadata) =>
          Effect.succeed(metadata.output.reason._tag === "ConnectFailed" ? Duration.seconds(1) : Duration.seconds(2))
        ),
        Schedule.upTo({ duration: "10 seconds" })
      )
      const pacer = yield* make({ schedule })
      assert.deepStrictEqual(yield* run(pacer, [refused, lost]), [1_000, 2_000])
      yield* TestClock.adjust("11 seconds")
      assert.deepStrictEqual(yield* run(pacer, [lost]), ["Stop"])
    }))

  it.effect("stops when the schedule ends", () =>
    Effect.gen(function*() {
      const pacer = yield* make({ schedule: Schedule.recurs(2) })
      assert.deepStrictEqual(yield* run(pacer, times(4, lost)), [0, 0, "Stop", "Stop"])
    }))

  it.effect("stops rather than wait for ever", () =>
    Effect.gen(function*() {
      const pacer = yield* make({ schedule: Schedule.duration(Duration.infinity) })
      assert.deepStrictEqual(yield* run(pacer, [lost]), ["Stop"])
    }))

  it.effect("takes a delay that makes no sense for none", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* run(yield* make({ schedule: Schedule.spaced(Number.NaN) }), [lost]), [0])
      assert.deepStrictEqual(yield* run(yield* make({ schedule: Schedule.spaced(-5) }), [lost]), [0])
    }))

  it.effect("begins anew after a stable session, counts included", () =>
    Effect.gen(function*() {
      const pacer = yield* make({ schedule: Schedule.exponential("1 second") })
      assert.deepStrictEqual(yield* run(pacer, [lost, lost, close(1002), close(1002)]), [1_000, 2_000, 4_000, "Stop"])
      yield* pacer.reset
      assert.deepStrictEqual(yield* run(pacer, [close(1002), close(1002)]), [1_000, "Stop"])
    }))

  it.effect("raises the bound of the draws while sessions flap, and draws as at first after a stable one", () =>
    Effect.gen(function*() {
      const pacer = yield* make()
      assert.deepStrictEqual(yield* run(pacer, times(7, lost)), [2_500, 1_000, 2_000, 4_000, 8_000, 15_000, 15_000])
      yield* pacer.reset
      assert.deepStrictEqual(yield* run(pacer, times(2, lost)), [2_500, 1_000])
    }).pipe(always(0.5)))

  describe("for a number of retries at most", () => {
    it.effect("counts per reason and code", () =>
      Effect.gen(function*() {
        const atMostOne = { classify: () => Recovery.retry({ atMost: 1 }), schedule: everySecond }
        const pacer = yield* make(atMostOne)
        const errors = [
          close(4000),
          close(4001),
          status(404),
          status(500),
          refused,
          error(new ConnectFailed({ phase: "dns", code: "ENOTFOUND" })),
          lost
        ]
        assert.deepStrictEqual(yield* run(pacer, errors), times(7, lost).map(() => 1_000))
        assert.deepStrictEqual(yield* run(pacer, errors), times(7, lost).map(() => "Stop"))
      }))

    it.effect("counts others in between for nothing", () =>
      Effect.gen(function*() {
        const pacer = yield* make({ schedule: everySecond })
        const [wrong, down] = [status(404), status(500)]
        const decisions = yield* run(pacer, [wrong, down, wrong, down, wrong, wrong, down, wrong, wrong])
        assert.deepStrictEqual(decisions, [...times(8, wrong).map(() => 1_000), "Stop"])
      }))

    it.effect("counts what stands behind a failed send", () =>
      Effect.gen(function*() {
        const pacer = yield* make({ schedule: everySecond })
        const wrapped = error(new SendFailed({ delivery: "notSent", cause: close(1002) }))
        assert.deepStrictEqual(yield* run(pacer, [wrapped, close(1002)]), [1_000, "Stop"])
      }))
  })

  describe("at once", () => {
    it.effect("skips the delay, and takes a step of the schedule all the same", () =>
      Effect.gen(function*() {
        const pacer = yield* make({ schedule: Schedule.exponential("1 second") })
        assert.deepStrictEqual(yield* run(pacer, [status(401), lost, status(401)]), [0, 2_000, "Stop"])
      }))

    it.effect("skips no floor", () =>
      Effect.gen(function*() {
        const classify = () => Recovery.retry({ immediately: true, notBefore: "7 seconds" })
        const pacer = yield* make({ schedule: everySecond, classify })
        assert.deepStrictEqual(yield* run(pacer, [lost]), [7_000])
      }))

    it.effect("stops where the schedule has ended", () =>
      Effect.gen(function*() {
        const pacer = yield* make({ schedule: Schedule.recurs(0) })
        assert.deepStrictEqual(yield* run(pacer, [status(401)]), ["Stop"])
      }))
  })

  describe("with a floor", () => {
    it.effect("never waits less, and tells both", () =>
      Effect.gen(function*() {
        const { decide } = yield* make({ schedule: everySecond })
        const decision = yield* decide(status(429, "2 seconds"))
        assert(decision._tag === "Wait")
        assert.strictEqual(Duration.toMillis(decision.delay), 2_000)
        assert.strictEqual(Duration.toMillis(decision.floor), 2_000)
        assert.deepStrictEqual(decision.recovery, Recovery.retry({ notBefore: "2 seconds" }))
      }))

    it.effect("keeps a longer delay of the schedule", () =>
      Effect.gen(function*() {
        const pacer = yield* make({ schedule: Schedule.spaced("1 minute") })
        assert.deepStrictEqual(yield* run(pacer, [status(429, "2 seconds")]), [60_000])
      }))

    it.effect("draws from a range: 5 to 30 seconds after a service restart", () =>
      Effect.gen(function*() {
        const pacer = yield* make({ schedule: everySecond })
        assert.deepStrictEqual(yield* run(pacer, [close(1012)]).pipe(always(0)), [5_000])
        assert.deepStrictEqual(yield* run(pacer, [close(1012)]).pipe(always(0.5)), [17_500])
        const drawn = yield* run(pacer, times(1_000, close(1012))).pipe(Random.withSeed("restart"))
        const floors = drawn as Array<number>
        assert.isAtLeast(Math.min(...floors), 5_000)
        assert.isBelow(Math.min(...floors), 6_000)
        assert.isAtMost(Math.max(...floors), 30_000)
        assert.isAbove(Math.max(...floors), 29_000)
      }))

    it.effect("tells none where the peer asked for nothing", () =>
      Effect.gen(function*() {
        const { decide } = yield* make({ schedule: everySecond })
        const decision = yield* decide(lost)
        assert(decision._tag === "Wait" && Duration.isZero(decision.floor))
      }))

    it.effect("that is endless stops", () =>
      Effect.gen(function*() {
        const classify = () => Recovery.retry({ notBefore: Duration.infinity })
        assert.deepStrictEqual(yield* run(yield* make({ schedule: everySecond, classify }), [lost]), ["Stop"])
      }))
  })

  it.effect("dies with what a classification of the user's throws", () =>
    Effect.gen(function*() {
      const boom = new Error("boom")
      const { decide } = yield* make({
        classify: () => {
          throw boom
        }
      })
      assert.strictEqual(yield* Effect.catchDefect(decide(lost), Effect.succeed), boom)
    }))

  it.effect("of one connection does not move that of another with the same service", () =>
    Effect.gen(function*() {
      const reconnect = yield* Reconnect.make({ schedule: Schedule.exponential("1 second") })
      const one = yield* pacer.make(reconnect)
      const two = yield* pacer.make(reconnect)
      yield* run(one, times(5, lost))
      assert.deepStrictEqual(yield* run(two, [lost]), [1_000])
    }))
})
