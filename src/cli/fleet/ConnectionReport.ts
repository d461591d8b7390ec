/**
 * What is told of one connection of a process that keeps several: by `status`,
 * by the control socket, and by the page.
 */
import * as Schema from "effect/Schema"

/** Why a session or an attempt ended, without anything secret. */
export const Ending = Schema.Struct({
  /** When, ISO 8601. */
  at: Schema.String,
  /** The tag of the `ConnectionError`'s reason. */
  reason: Schema.String,
  /** The sentence for people. */
  message: Schema.String,
  /** The close code, or the HTTP status of a refused handshake. */
  code: Schema.optional(Schema.Number),
  /** Who closed, where somebody did. */
  initiator: Schema.optional(Schema.Literals(["peer", "self"])),
  /** Whether another dial can help. */
  retryable: Schema.Boolean
})

/** Why a session or an attempt ended. */
export type Ending = typeof Ending.Type

/** Messages and bytes, in one direction, since the connection was started. */
export const Traffic = Schema.Struct({ messages: Schema.Number, bytes: Schema.Number })

/** Messages and bytes, in one direction, since the connection was started. */
export type Traffic = typeof Traffic.Type

/** What one connection does, and has done. Times are ISO 8601, durations milliseconds. */
export const ConnectionReport = Schema.Struct({
  name: Schema.String,
  /** `Connecting`, `Open`, `Waiting`, `Closing` or `Closed`. */
  state: Schema.Literals(["Connecting", "Open", "Waiting", "Closing", "Closed"]),
  /** When this state began. */
  since: Schema.String,
  /** Origin and path. */
  endpoint: Schema.String,
  subprotocol: Schema.optional(Schema.String),
  /** The id of the open session. */
  session: Schema.optional(Schema.Number),
  /** Sessions opened so far. */
  sessions: Schema.Number,
  /** Dials since the last stable session. */
  attempt: Schema.Number,
  /** All dials. */
  dials: Schema.Number,
  /** How the last session or attempt ended. */
  last: Schema.optional(Ending),
  /** When the next dial is due. */
  nextDialAt: Schema.optional(Schema.String),
  /** Round trips of the last 128 heartbeats, in milliseconds. */
  rtt: Schema.optional(Schema.Struct({ last: Schema.Number, p50: Schema.Number, p99: Schema.Number })),
  received: Traffic,
  sent: Traffic,
  dropped: Schema.Number,
  /** Milliseconds since anything at all came from the peer in this session, pongs included. */
  lastByteAge: Schema.optional(Schema.Number),
  /** Milliseconds since the last message from the peer, in whichever session. */
  lastMessageAge: Schema.optional(Schema.Number),
  /** Milliseconds of silence after which the heartbeat has ended a session, whatever happens; absent without pings of ours. */
  silenceLimit: Schema.optional(Schema.Number),
  /** Only where it is `Closed`: whether because of `last`, and not by us. */
  gaveUp: Schema.optional(Schema.Boolean),
  /** Whether we hold the socket because messages are not taken in time. */
  paused: Schema.Boolean,
  /** When this report was made, ISO 8601. */
  at: Schema.String
})

/** What one connection does, and has done. */
export type ConnectionReport = typeof ConnectionReport.Type
