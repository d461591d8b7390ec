/**
 * What happened to a connection, with numbers. Every event has `at`, the wall
 * clock time; `session` is the session's `id`.
 */
import * as Schema from "effect/Schema"
import { ConnectionError } from "./ConnectionError.ts"
import { Recovery } from "./Recovery.ts"

const at = Schema.DateTimeUtc

/** A number of messages and their bytes. */
export const Amount = Schema.Struct({ messages: Schema.Number, bytes: Schema.Number })

/** An attempt begins. `endpoint` is the origin and path, where the url is known by then. */
export const Dialling = Schema.TaggedStruct("Dialling", { at, attempt: Schema.Number, endpoint: Schema.String })

/** A session opened. `downtime` is the time since the previous session ended, or since the first dial began. */
export const Opened = Schema.TaggedStruct("Opened", {
  at,
  session: Schema.Number,
  attempt: Schema.Number,
  downtime: Schema.Duration,
  previous: Schema.Option(ConnectionError)
})

/** A session ended. `unflushed` had been accepted, but had not left this process. */
export const Disconnected = Schema.TaggedStruct("Disconnected", {
  at,
  session: Schema.Number,
  error: ConnectionError,
  uptime: Schema.Duration,
  unflushed: Amount
})

/** An attempt ended without a session. */
export const AttemptFailed = Schema.TaggedStruct("AttemptFailed", {
  at,
  attempt: Schema.Number,
  error: ConnectionError
})

/** The next dial is due in `delay`; `floor` is what the peer asked for. */
export const WaitScheduled = Schema.TaggedStruct("WaitScheduled", {
  at,
  attempt: Schema.Number,
  delay: Schema.Duration,
  floor: Schema.Duration,
  recovery: Recovery
})

/** The answer to a heartbeat came after `rtt`. */
export const PongReceived = Schema.TaggedStruct("PongReceived", {
  at,
  session: Schema.Number,
  rtt: Schema.Duration
})

/** We stopped reading from the socket, because nobody took the messages in time. */
export const Paused = Schema.TaggedStruct("Paused", { at, session: Schema.Number })

/** We read again. */
export const Resumed = Schema.TaggedStruct("Resumed", { at, session: Schema.Number, pausedFor: Schema.Duration })

/** Messages were dropped. `reason` names the option that decided it. */
export const Dropped = Schema.TaggedStruct("Dropped", {
  at,
  direction: Schema.Literals(["inbound", "outbound"]),
  reason: Schema.Literals([
    "dropOldest",
    "dropNewest",
    "unread",
    "discard",
    "whileDisconnected",
    "expired",
    "replaced",
    "closed"
  ]),
  messages: Schema.Number,
  bytes: Schema.Number
})

/** The connection is closed for good. */
export const Closed = Schema.TaggedStruct("Closed", {
  at,
  cause: Schema.Option(ConnectionError),
  attempts: Schema.Number,
  dials: Schema.Number
})

/** Schema of a connection's events. */
export const ConnectionEvent = Schema.Union([
  Dialling,
  Opened,
  Disconnected,
  AttemptFailed,
  WaitScheduled,
  PongReceived,
  Paused,
  Resumed,
  Dropped,
  Closed
])

/** What happened to a connection. */
export type ConnectionEvent = typeof ConnectionEvent.Type
