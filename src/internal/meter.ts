/**
 * A connection's metrics, under its name.
 */
import type * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Metric from "effect/Metric"
import type { ConnectionEvent } from "../ConnectionEvent.ts"
import * as Metrics from "../ConnectionMetrics.ts"
import type { ConnectionStatus } from "../ConnectionStatus.ts"
import { metricContext } from "./metricContext.ts"

export type Direction = "inbound" | "outbound"
export type DropReason = Extract<ConnectionEvent, { readonly _tag: "Dropped" }>["reason"]
type Counter = Metric.Metric<number, unknown>

// The direction stands in the metric: two that take turns would otherwise make their keys anew each time.
const directed = (metric: { readonly id: string; readonly description: string | undefined }, direction: Direction) =>
  Metric.counter(metric.id, { description: metric.description, incremental: true, attributes: { direction } })
const traffic = (direction: Direction) => ({
  messages: directed(Metrics.messages, direction),
  bytes: directed(Metrics.bytes, direction)
})
const counters = { inbound: traffic("inbound"), outbound: traffic("outbound") }

/** Whose metrics they are. */
export interface MeterOwner {
  /** The connection's. */
  readonly name: string
  /** True as long as `name` stands in for one that is yet to be known. */
  readonly unnamed?: boolean | undefined
}

export class Meter {
  private readonly around: Context.Context<never>
  private readonly owner: MeterOwner
  private context: Context.Context<never> | undefined = undefined
  private contextName: string | undefined = undefined

  constructor(around: Context.Context<never>, owner: MeterOwner) {
    this.around = around
    this.owner = owner
  }

  attempted(): void {
    this.count(Metrics.connectAttempts, 1)
  }

  opened(took: Duration.Duration): void {
    this.count(Metrics.connectDuration, Duration.toSeconds(took))
  }

  disconnected(reason: string, uptime: Duration.Duration): void {
    this.update(Metrics.disconnects, 1, { reason })
    this.count(Metrics.sessionDuration, Duration.toSeconds(uptime))
  }

  rtt(rtt: Duration.Duration): void {
    this.count(Metrics.heartbeatRtt, Duration.toSeconds(rtt))
  }

  passed(direction: Direction, messages: number, bytes: number): void {
    this.count(counters[direction].messages, messages)
    this.count(counters[direction].bytes, bytes)
  }

  dropped(direction: Direction, reason: DropReason, messages: number): void {
    this.update(Metrics.dropped, messages, { direction, reason })
  }

  status(status: ConnectionStatus): void {
    // A first value under a name that is about to change would stay for ever.
    if (status._tag === "Connecting" && this.owner.unnamed === true) return
    this.count(Metrics.status, Metrics.statusValue[status._tag])
  }

  // Every metric of a connection has its name; the direction is in the metric itself.
  private count(metric: Counter, amount: number): void {
    const name = this.owner.name
    if (this.context === undefined || this.contextName !== name) {
      this.context = metricContext(this.around, name)
      this.contextName = name
    }
    metric.updateUnsafe(amount, this.context)
  }

  private update(metric: Counter, amount: number, attributes: Record<string, string>): void {
    this.count(Metric.withAttributes(metric, attributes), amount)
  }
}
