import { assert, describe, it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"
import * as Schedule from "effect/Schedule"
import {
  AbnormalClosure,
  ConnectFailed,
  ConnectionError,
  CredentialsFailed,
  fromCloseFrame,
  GreetingFailed,
  HandshakeInvalid,
  HandshakeRejected,
  HandshakeTimeout,
  HeartbeatTimeout,
  InboundOverflow,
  InvalidRequest
} from "../../src/ConnectionError.ts"
import * as backoff from "../../src/internal/backoff.ts"

const schedule = backoff.make({
  first: Duration.seconds(5),
  base: Duration.seconds(1),
  factor: 2,
  cap: Duration.seconds(30)
})

const refused = new ConnectionError({ reason: new ConnectFailed({ phase: "tcp", code: "ECONNREFUSED" }) })
const lost = new ConnectionError({ reason: new AbnormalClosure({ cause: undefined }) })

// A Random that always draws this share of the range, so that a delay shows its bound.
const always = (share: number) =>
  Effect.provideService(Random.Random, { nextDoubleUnsafe: () => share, nextIntUnsafe: () => 0 })

const delays = Effect.fnUntraced(function*(errors: ReadonlyArray<ConnectionError>) {
  const step = yield* Schedule.toStep(schedule)
  const drawn: Array<number> = []
  for (const error of errors) {
    const [, delay] = yield* step(0, error)
    drawn.push(Duration.toMillis(delay))
  }
  return drawn
})

const times = (n: number, error: ConnectionError) => Array.from({ length: n }, () => error)

describe("the backoff", () => {
  it.effect("doubles its bound from 1 to 30 seconds over failed dials", () =>
    Effect.gen(function*() {
      const drawn = yield* delays(times(8, refused)).pipe(always(0.5))
      assert.deepStrictEqual(drawn.map((delay) => delay * 2), [
        1_000,
        2_000,
        4_000,
        8_000,
        16_000,
        30_000,
        30_000,
        30_000
      ])
    }))

  it.effect("begins with 5 seconds after a lost session, and goes on as after a failed dial", () =>
    Effect.gen(function*() {
      const drawn = yield* delays(times(5, lost)).pipe(always(0.5))
      assert.deepStrictEqual(drawn.map((delay) => delay * 2), [5_000, 2_000, 4_000, 8_000, 16_000])
    }))

  it.effect("does not overflow after thousands of failures", () =>
    Effect.gen(function*() {
      const drawn = yield* delays(times(3_000, refused)).pipe(always(0.5))
      assert.strictEqual(drawn.at(-1), 15_000)
    }))

  it.effect("reaches down to zero", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* delays(times(3, lost)).pipe(always(0)), [0, 0, 0])
    }))

  it.effect("begins anew each time it is stepped from the start", () =>
    Effect.gen(function*() {
      yield* delays(times(5, refused)).pipe(always(0.5))
      assert.deepStrictEqual(yield* delays(times(1, refused)).pipe(always(0.5)), [500])
    }))

  it.effect("spreads the first dials of 10 000 clients evenly over 5 seconds", () =>
    Effect.gen(function*() {
      const bins = Array.from({ length: 20 }, () => 0)
      for (let i = 0; i < 10_000; i++) {
        const [delay] = yield* delays([lost])
        bins[Math.floor(delay! / 250)]!++
      }
      assert.strictEqual(bins.length, 20)
      assert.isAtMost(Math.max(...bins), 1.3 * 500)
      assert.isAtLeast(Math.min(...bins), 0.7 * 500)
    }).pipe(Random.withSeed("ten thousand clients")))

  it.effect("draws the same delays for the same seed", () =>
    Effect.gen(function*() {
      const one = yield* delays(times(10, lost)).pipe(Random.withSeed("a"))
      const two = yield* delays(times(10, lost)).pipe(Random.withSeed("a"))
      assert.deepStrictEqual(one, two)
    }))
})

describe("a failed dial", () => {
  it("is told from a lost session by the reason alone", () => {
    const failed = [
      new InvalidRequest({ option: "url", problem: "" }),
      new CredentialsFailed({ cause: "no token" }),
      new ConnectFailed({ phase: "dns", code: "ENOTFOUND" }),
      new HandshakeTimeout({ phase: "tls" }),
      new HandshakeRejected({ status: 503 }),
      new HandshakeInvalid({ check: "accept" }),
      new GreetingFailed({ cause: "not ready" })
    ]
    const established = [
      new AbnormalClosure({ cause: undefined }),
      new HeartbeatTimeout({ silentFor: Duration.zero, interval: Duration.zero, timeout: Duration.zero }),
      new InboundOverflow({ bytes: 0, paused: Duration.zero }),
      fromCloseFrame({ code: 1012 }),
      fromCloseFrame({ code: 4000 })
    ]
    assert(failed.every(backoff.isFailedDial))
    assert(!established.some(backoff.isFailedDial))
  })
})
