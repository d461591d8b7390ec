/**
 * Effect metrics of every connection: names, units and attributes, in
 * Prometheus' conventions. Exported by Effect's own Prometheus and OTLP modules.
 *
 * Every metric carries the attribute `connection`, the connection's `name`.
 * Attributes are closed sets: reasons are the tags of `ConnectionError`'s
 * reasons, directions are `inbound` and `outbound`.
 */
import * as Metric from "effect/Metric"

const secondBoundaries = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]

/** Dials. */
export const connectAttempts = Metric.counter("holdfast_connect_attempts_total", {
  description: "Dials of a WebSocket connection",
  incremental: true
})

/** Sessions that ended, by the attribute `reason`. */
export const disconnects = Metric.counter("holdfast_disconnects_total", {
  description: "WebSocket sessions that ended, by reason",
  incremental: true
})

/** Seconds from the beginning of a dial to an open session, `greet` included. */
export const connectDuration = Metric.histogram("holdfast_connect_duration_seconds", {
  description: "Seconds from the beginning of a dial to an open session",
  boundaries: secondBoundaries
})

/** Seconds that sessions stayed open. */
export const sessionDuration = Metric.histogram("holdfast_session_duration_seconds", {
  description: "Seconds that WebSocket sessions stayed open",
  boundaries: [1, 5, 15, 30, 60, 300, 900, 3600, 4 * 3600, 24 * 3600]
})

/** Round trips of heartbeats, in seconds. */
export const heartbeatRtt = Metric.histogram("holdfast_heartbeat_rtt_seconds", {
  description: "Round trips of heartbeats in seconds",
  boundaries: secondBoundaries
})

/** Messages, by the attribute `direction`. */
export const messages = Metric.counter("holdfast_messages_total", {
  description: "WebSocket messages, by direction",
  incremental: true
})

/** Bytes of messages without framing, by the attribute `direction`. */
export const bytes = Metric.counter("holdfast_bytes_total", {
  description: "Bytes of WebSocket messages without framing, by direction",
  incremental: true
})

/** Messages that were dropped, by the attributes `direction` and `reason`. */
export const dropped = Metric.counter("holdfast_dropped_total", {
  description: "WebSocket messages that were dropped, by direction and reason",
  incremental: true
})

/** Messages that a protocol did not understand, by the attribute `by`: `codec` or `schema`. */
export const invalidMessages = Metric.counter("holdfast_invalid_messages_total", {
  description: "WebSocket messages that a protocol did not understand, by what refused them",
  incremental: true
})

/** The status: 0 connecting, 1 open, 2 waiting, 3 closing, 4 closed. */
export const status = Metric.gauge("holdfast_status", {
  description: "Status of the connection: 0 connecting, 1 open, 2 waiting, 3 closing, 4 closed"
})

/** The values of `status`. */
export const statusValue = {
  Connecting: 0,
  Open: 1,
  Waiting: 2,
  Closing: 3,
  Closed: 4
} as const
