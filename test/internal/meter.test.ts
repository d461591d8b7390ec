import { assert, describe, it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Metric from "effect/Metric"
import * as Metrics from "../../src/ConnectionMetrics.ts"
import { Meter } from "../../src/internal/meter.ts"

let names = 0

/** A meter whose owner can be named anew. Metrics are global: each test counts under names of its own. */
const make = Effect.map(Effect.context<never>(), (context) => {
  const owner = { name: `meter ${++names}`, unnamed: false }
  return { owner, meter: new Meter(context, owner) }
})

const counted = (metric: Metric.Counter<number>, attributes: Record<string, string>) =>
  Effect.map(Metric.value(Metric.withAttributes(metric, attributes)), ({ count }) => count)

describe("a connection's metrics", () => {
  it.effect("count dials, sessions and their ends under its name", () =>
    Effect.gen(function*() {
      const { meter, owner } = yield* make
      const connection = owner.name
      meter.attempted()
      meter.attempted()
      meter.opened(Duration.millis(20))
      meter.disconnected("GoingAway", Duration.seconds(40))
      meter.rtt(Duration.millis(3))
      assert.strictEqual(yield* counted(Metrics.connectAttempts, { connection }), 2)
      assert.strictEqual(yield* counted(Metrics.disconnects, { connection, reason: "GoingAway" }), 1)
      const sums = yield* Effect.forEach(
        [Metrics.connectDuration, Metrics.sessionDuration, Metrics.heartbeatRtt],
        (metric) => Effect.map(Metric.value(Metric.withAttributes(metric, { connection })), ({ sum }) => sum)
      )
      assert.deepStrictEqual(sums, [0.02, 40, 0.003])
    }))

  it.effect("keep the directions apart, and the reasons for which messages were dropped", () =>
    Effect.gen(function*() {
      const { meter, owner } = yield* make
      const connection = owner.name
      meter.passed("inbound", 3, 30)
      meter.passed("outbound", 1, 7)
      meter.passed("inbound", 1, 1)
      meter.dropped("inbound", "unread", 5)
      meter.dropped("inbound", "dropOldest", 2)
      assert.strictEqual(yield* counted(Metrics.messages, { connection, direction: "inbound" }), 4)
      assert.strictEqual(yield* counted(Metrics.bytes, { connection, direction: "inbound" }), 31)
      assert.strictEqual(yield* counted(Metrics.bytes, { connection, direction: "outbound" }), 7)
      assert.strictEqual(yield* counted(Metrics.dropped, { connection, direction: "inbound", reason: "unread" }), 5)
    }))

  it.effect("go on under the name that became known, where nothing was shown under the one that stood in", () =>
    Effect.gen(function*() {
      const { meter, owner } = yield* make
      const before = owner.name
      owner.unnamed = true
      meter.status({ _tag: "Connecting", attempt: 1 })
      owner.name = `${before}, named`
      owner.unnamed = false
      meter.status({ _tag: "Closing" })
      const shown = (yield* Metric.snapshot).filter(({ id }) => id === Metrics.status.id)
        .map(({ attributes }) => attributes?.["connection"])
      assert.include(shown, owner.name)
      assert.notInclude(shown, before)
    }))
})
