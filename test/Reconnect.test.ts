import { assert, describe, it } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Pull from "effect/Pull"
import * as Random from "effect/Random"
import * as Schedule from "effect/Schedule"
import { AbnormalClosure, classify, ConnectFailed, ConnectionError, isConnectionError } from "../src/ConnectionError.ts"
import * as Reconnect from "../src/Reconnect.ts"
import * as Recovery from "../src/Recovery.ts"

const lost = new ConnectionError({ reason: new AbnormalClosure({ cause: undefined }) })
const refused = new ConnectionError({ reason: new ConnectFailed({ phase: "tcp", code: "ECONNREFUSED" }) })

const build = <E, R>(layer: Layer.Layer<Reconnect.Reconnect, E, R>) =>
  Effect.map(Layer.build(layer), (context) => Context.get(context, Reconnect.Reconnect))

// The bounds of the delays, each a second after the one before; Random draws the middle of every range.
const bounds = Effect.fnUntraced(
  function*(schedule: Schedule.Schedule<unknown, ConnectionError>, error: ConnectionError, n: number) {
    const step = yield* Schedule.toStep(schedule)
    const drawn: Array<number> = []
    for (let i = 0; i < n; i++) {
      const delay = yield* Pull.catchDone(
        Effect.map(step(i * 1_000, error), ([, delay]) => Duration.toMillis(delay) * 2),
        () => Effect.succeed(undefined)
      )
      if (delay === undefined) break
      drawn.push(delay)
    }
    return drawn
  },
  Effect.provideService(Random.Random, { nextDoubleUnsafe: () => 0.5, nextIntUnsafe: () => 0 })
)

describe("Reconnect.layer", () => {
  it.effect("has the default classification and schedule, and counts a session of 30 seconds as stable", () =>
    Effect.gen(function*() {
      const reconnect = yield* build(Reconnect.layer())
      assert.strictEqual(reconnect.classify, classify)
      assert.strictEqual(Reconnect.classify, classify)
      assert.strictEqual(reconnect.schedule, Reconnect.defaultSchedule)
      assert.strictEqual(Duration.toSeconds(reconnect.resetAfter), 30)
    }))

  it.effect("takes other values for all three", () =>
    Effect.gen(function*() {
      const reconnect = yield* build(Reconnect.layer({
        classify: () => Recovery.stop,
        resetAfter: "Infinity",
        schedule: Schedule.spaced("3 seconds")
      }))
      assert(!Recovery.isRetry(reconnect.classify(lost)))
      assert(!Duration.isFinite(reconnect.resetAfter))
      assert.deepStrictEqual(yield* bounds(reconnect.schedule, lost, 2), [6_000, 6_000])
    }))

  it.effect("takes what a schedule needs from where it is built", () =>
    Effect.gen(function*() {
      class Pace extends Context.Service<Pace, { readonly delay: Duration.Duration }>()("test/Pace") {}
      const schedule = Schedule.forever.pipe(
        Schedule.modifyDelay(() => Effect.map(Pace, (pace) => pace.delay))
      )
      const reconnect = yield* build(
        Reconnect.layer({ schedule }).pipe(Layer.provide(Layer.succeed(Pace, { delay: Duration.seconds(4) })))
      )
      assert.deepStrictEqual(yield* bounds(reconnect.schedule, lost, 1), [8_000])
    }))

  const refusedOptions: ReadonlyArray<[option: string, options: Reconnect.ReconnectOptions]> = [
    ["resetAfter", { resetAfter: 0 }],
    ["resetAfter", { resetAfter: "-1 seconds" }],
    ["first", { schedule: Reconnect.schedule({ first: 0 }) }],
    ["base", { schedule: Reconnect.schedule({ base: Number.NaN }) }],
    ["cap", { schedule: Reconnect.schedule({ cap: Duration.infinity }) }],
    ["during", { schedule: Reconnect.schedule({ during: 0 }) }],
    ["factor", { schedule: Reconnect.schedule({ factor: 0.5 }) }],
    ["factor", { schedule: Reconnect.schedule({ factor: Number.NaN }) }],
    ["factor", { schedule: Reconnect.schedule({ factor: Number.POSITIVE_INFINITY }) }],
    ["times", { schedule: Reconnect.schedule({ times: -1 }) }],
    ["times", { schedule: Reconnect.schedule({ times: 1.5 }) }]
  ]
  for (const [index, [option, options]] of refusedOptions.entries()) {
    it.effect(`fails with an InvalidRequest that names reconnect.${option} (${index + 1})`, () =>
      Effect.gen(function*() {
        const error = yield* Effect.flip(build(Reconnect.layer(options)))
        assert(error.reason._tag === "InvalidRequest")
        assert.strictEqual(error.reason.option, `reconnect.${option}`)
      }))
  }

  const impossible = Reconnect.schedule({ factor: 0 })
  const piped: Record<string, Schedule.Schedule<unknown, ConnectionError>> = {
    upTo: Schedule.upTo(impossible, { times: 3 }),
    modifyDelay: Schedule.modifyDelay(impossible, () => Effect.succeed(Duration.zero)),
    max: Schedule.max([impossible, Schedule.recurs(2)])
  }
  for (const [combinator, schedule] of Object.entries(piped)) {
    it.effect(`fails so also where the schedule went through a combinator: ${combinator}`, () =>
      Effect.gen(function*() {
        const error = yield* Effect.flip(build(Reconnect.layer({ schedule })))
        assert(error.reason._tag === "InvalidRequest")
        assert.strictEqual(error.reason.option, "reconnect.factor")
      }))
  }

  it.effect("whatever else takes a step of a schedule with impossible options dies of that", () =>
    Effect.gen(function*() {
      // What comes second is made ready only when its turn comes.
      for (const schedule of [impossible, Schedule.concat(Schedule.recurs(1), impossible)]) {
        const defect = yield* Effect.fail(refused).pipe(
          Effect.retry(schedule),
          Effect.catchDefect((defect) => Effect.succeed(defect))
        )
        assert(isConnectionError(defect) && defect.reason._tag === "InvalidRequest")
        assert.strictEqual(defect.reason.option, "reconnect.factor")
      }
    }))
})

describe("Reconnect.layerNever", () => {
  it.effect("stops whatever happened", () =>
    Effect.gen(function*() {
      const reconnect = yield* build(Reconnect.layerNever)
      assert.deepStrictEqual(reconnect.classify(lost), Recovery.stop)
      assert.deepStrictEqual(yield* bounds(reconnect.schedule, lost, 1), [])
    }))
})

describe("Reconnect.schedule", () => {
  it.effect("is the default schedule without options", () =>
    Effect.gen(function*() {
      const wanted = [2_000, 4_000, 8_000, 16_000, 30_000, 30_000]
      assert.deepStrictEqual(yield* bounds(Reconnect.schedule(), refused, 7), [1_000, ...wanted])
      assert.deepStrictEqual(yield* bounds(Reconnect.schedule(), lost, 7), [5_000, ...wanted])
      assert.deepStrictEqual(yield* bounds(Reconnect.defaultSchedule, lost, 7), [5_000, ...wanted])
    }))

  it.effect("takes the bounds, the factor and the cap", () =>
    Effect.gen(function*() {
      const schedule = Reconnect.schedule({ first: "7 seconds", base: "100 millis", factor: 3, cap: "8 seconds" })
      assert.deepStrictEqual(yield* bounds(schedule, lost, 6), [7_000, 300, 900, 2_700, 8_000, 8_000])
      assert.deepStrictEqual(yield* bounds(schedule, refused, 2), [100, 300])
    }))

  it.effect("ends after so many times", () =>
    Effect.gen(function*() {
      assert.strictEqual((yield* bounds(Reconnect.schedule({ times: 3 }), lost, 10)).length, 3)
      assert.strictEqual((yield* bounds(Reconnect.schedule({ times: 0 }), lost, 10)).length, 0)
    }))

  it.effect("ends when so much time has passed since the first failure", () =>
    Effect.gen(function*() {
      assert.strictEqual((yield* bounds(Reconnect.schedule({ during: "4 seconds" }), lost, 10)).length, 5)
    }))

  it.effect("ends at the first of both", () =>
    Effect.gen(function*() {
      const few = Reconnect.schedule({ during: "4 seconds", times: 2 })
      const short = Reconnect.schedule({ during: "1 second", times: 9 })
      assert.strictEqual((yield* bounds(few, lost, 10)).length, 2)
      assert.strictEqual((yield* bounds(short, lost, 10)).length, 2)
    }))

  it.effect("composes with Effect's own combinators", () =>
    Effect.gen(function*() {
      const schedule = Schedule.max([Reconnect.schedule(), Schedule.recurs(2)])
      assert.deepStrictEqual(yield* bounds(schedule, refused, 10), [1_000, 2_000])
    }))
})
