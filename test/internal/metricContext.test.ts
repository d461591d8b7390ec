import { assert, describe, it } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Metric from "effect/Metric"
import { metricContext } from "../../src/internal/metricContext.ts"

const around = (attributes: Record<string, string> = {}) =>
  Context.make(Metric.MetricRegistry, new Map()).pipe(Context.add(Metric.CurrentMetricAttributes, attributes))

describe("the context of a connection's metrics", () => {
  it("is shared by the connections of one name, and by no others", () => {
    const context = around()
    assert.strictEqual(metricContext(context, "a"), metricContext(context, "a"))
    assert.notStrictEqual(metricContext(context, "a"), metricContext(context, "b"))
    assert.notStrictEqual(metricContext(context, "a"), metricContext(around(), "a"))
  })

  it("keeps the registry and the attributes around it", () => {
    const context = around({ region: "eu" })
    const made = metricContext(context, "feed")
    assert.strictEqual(Context.get(made, Metric.MetricRegistry), Context.get(context, Metric.MetricRegistry))
    assert.deepStrictEqual(Context.get(made, Metric.CurrentMetricAttributes), { region: "eu", connection: "feed" })
  })

  it("does not grow without bound where every url has a name of its own", () => {
    const context = around()
    const first = metricContext(context, "0")
    for (let i = 1; i <= 1000; i++) metricContext(context, String(i))
    assert.notStrictEqual(metricContext(context, "0"), first)
  })
})
