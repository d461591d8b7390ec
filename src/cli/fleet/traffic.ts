/**
 * What the library's metrics have counted of one connection.
 */
import type * as Context from "effect/Context"
import * as Metric from "effect/Metric"
import * as Metrics from "../../ConnectionMetrics.ts"
import { metricContext } from "../../internal/metricContext.ts"
import type { Traffic } from "./ConnectionReport.ts"

type Direction = "inbound" | "outbound"

const directed = (metric: { readonly id: string; readonly description: string | undefined }, direction: Direction) =>
  Metric.counter(metric.id, { description: metric.description, incremental: true, attributes: { direction } })

const counters = {
  inbound: { messages: directed(Metrics.messages, "inbound"), bytes: directed(Metrics.bytes, "inbound") },
  outbound: { messages: directed(Metrics.messages, "outbound"), bytes: directed(Metrics.bytes, "outbound") }
}

/** Messages and bytes in a direction, of all connections that ever had this name in this registry. */
export const trafficOf = (around: Context.Context<never>, name: string, direction: Direction): Traffic => {
  const context = metricContext(around, name)
  const { bytes, messages } = counters[direction]
  return { messages: messages.valueUnsafe(context).count, bytes: bytes.valueUnsafe(context).count }
}
