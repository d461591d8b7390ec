/**
 * A recording: NDJSON, one object a line. The first says what it is; each other
 * one is a frame, or the begin or end of a session. `at` is milliseconds since
 * the recording began.
 */
import * as Schema from "effect/Schema"

/** The first line. */
export const Head = Schema.Struct({
  /** Tells the file's kind, and the version of its format. */
  holdfast: Schema.Literal("recording/1"),
  /** When it began, ISO 8601. */
  startedAt: Schema.String,
  /** Origin and path of the server. */
  endpoint: Schema.String
})

const at = Schema.Number
const direction = Schema.Literals(["received", "sent"])

/** A session begins. */
export const Open = Schema.Struct({
  at,
  kind: Schema.Literal("open"),
  /** The one that the server chose. */
  subprotocol: Schema.optionalKey(Schema.String)
})

/** A text message. */
export const Text = Schema.Struct({ at, direction, kind: Schema.Literal("text"), data: Schema.String })

/** A binary message. */
export const Binary = Schema.Struct({ at, direction, kind: Schema.Literal("binary"), base64: Schema.String })

/** A ping or a pong; pongs that answer the peer's pings are left out. */
export const Control = Schema.Struct({
  at,
  direction,
  kind: Schema.Literals(["ping", "pong"]),
  base64: Schema.String
})

/** A Close frame ended the session. */
export const Close = Schema.Struct({
  at,
  direction,
  kind: Schema.Literal("close"),
  code: Schema.Number,
  reason: Schema.String
})

/** The session ended without a Close frame. */
export const Lost = Schema.Struct({ at, kind: Schema.Literal("lost"), reason: Schema.String })

/** Any line but the first. */
export const Entry = Schema.Union([Open, Text, Binary, Control, Close, Lost])

/** The first line. */
export type Head = typeof Head.Type

/** Any line but the first. */
export type Entry = typeof Entry.Type
