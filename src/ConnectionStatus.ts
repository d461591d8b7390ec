/**
 * What a connection is doing now.
 *
 * ```
 *      ┌──────────────────────────────────────┐
 *      ▼                                      │
 *  Connecting ──▶ Open ──▶ Waiting ──▶ (Connecting)
 *      │           └──▶ Connecting   (`reconnect`)
 *      └──▶ Waiting                  (the attempt failed)
 *
 *  Connecting, Open, Waiting ──▶ Closing ──▶ Closed   (we close)
 *  Connecting, Open, Waiting ──▶ Closed               (gave up)
 * ```
 */
import * as Schema from "effect/Schema"
import { ConnectionError } from "./ConnectionError.ts"

/** Dialling, verifying and greeting. `attempt` counts dials since the last stable session, from 1; 0 before a lazy connection's first use. */
export const Connecting = Schema.TaggedStruct("Connecting", { attempt: Schema.Number })

/** A session is open. `rtt` is the last round trip of a heartbeat; `paused` tells whether we hold the socket. */
export const Open = Schema.TaggedStruct("Open", {
  session: Schema.Number,
  since: Schema.DateTimeUtc,
  subprotocol: Schema.Option(Schema.String),
  rtt: Schema.Option(Schema.Duration),
  paused: Schema.Boolean
})

/** Waiting for `delay` before the next dial, because of `cause`. */
export const Waiting = Schema.TaggedStruct("Waiting", {
  attempt: Schema.Number,
  delay: Schema.Duration,
  cause: ConnectionError
})

/** We are closing: flushing and waiting for the peer's Close. */
export const Closing = Schema.TaggedStruct("Closing", {})

/** Closed for good. `cause` is none where we closed it. `attempts` are dials since the last stable session, `dials` all of them. */
export const Closed = Schema.TaggedStruct("Closed", {
  cause: Schema.Option(ConnectionError),
  attempts: Schema.Number,
  dials: Schema.Number
})

/** Schema of a connection's status. */
export const ConnectionStatus = Schema.Union([Connecting, Open, Waiting, Closing, Closed])

/** What a connection is doing now. */
export type ConnectionStatus = typeof ConnectionStatus.Type
