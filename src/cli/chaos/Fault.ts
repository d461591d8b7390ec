/**
 * What the server can do wrong, as data: one object each, the same by flag and
 * over HTTP.
 */
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { formatIssue } from "../../internal/schemaIssue.ts"
import { DurationText } from "../durationText.ts"

const count = Schema.Int.check(Schema.isGreaterThanOrEqualTo(1, { expected: "a whole number from 1" }))
const optional = Schema.optionalKey

/** Which dials a fault befalls. */
const which = {
  /** How many dials in all; without it every one. */
  times: optional(count),
  /** The chance of each dial, 0 to 1. */
  probability: optional(Schema.Finite.check(Schema.isBetween({ minimum: 0, maximum: 1 })))
}

/** When it happens in a session: at once, unless one of these is given. */
const when = {
  /** This long after the session opened. */
  after: optional(DurationText),
  /** After so many messages of the server's, echoes included. */
  messages: optional(count)
}

const fault = <Name extends string, Fields extends Schema.Struct.Fields>(name: Name, fields: Fields) =>
  Schema.Struct({ fault: Schema.Literal(name), ...which, ...fields })

/** What can be wrong with the answer to a dial. */
const AnswerFault = Schema.Union([
  fault("refuse", {
    status: optional(Schema.Int.check(Schema.isBetween({ minimum: 200, maximum: 599 }))),
    "retry-after": optional(Schema.String),
    location: optional(Schema.String),
    body: optional(Schema.String)
  }),
  fault("stall", { for: optional(DurationText) }),
  fault("trickle", { every: optional(DurationText) }),
  fault("hang-up", {}),
  fault("not-http", {}),
  fault("wrong-accept", {}),
  fault("no-upgrade", {}),
  fault("no-connection", {}),
  fault("wrong-subprotocol", { name: optional(Schema.String) }),
  fault("no-subprotocol", {}),
  fault("unasked-extension", { name: optional(Schema.String) }),
  fault("refuse-tcp", { for: optional(DurationText) })
])

/** What can go wrong in a session. */
export const SessionFault = Schema.Union([
  fault("close", {
    ...when,
    code: optional(Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 65_535 }))),
    reason: optional(Schema.String.check(Schema.isMaxLength(123)))
  }),
  fault("cut", { ...when, how: optional(Schema.Literals(["end", "reset"])) }),
  fault("drop", { ...when, message: optional(Schema.String) }),
  fault("silence", when),
  fault("ignore-pings", when),
  fault("ignore-close", when),
  fault("keep-tcp", when),
  fault("invalid-utf8", when),
  fault("oversized", { ...when, bytes: optional(count) }),
  fault("fragments", { ...when, parts: optional(count), message: optional(Schema.String) }),
  fault("masked", when),
  fault("reserved-bit", when),
  fault("idle-cut", {
    after: DurationText,
    counts: optional(Schema.Literals(["frames", "messages"])),
    how: optional(Schema.Literals(["end", "reset", "silence"]))
  }),
  fault("latency", { ...when, for: DurationText }),
  fault("flood", { ...when, count: optional(count), bytes: optional(count) })
])

export const Fault = Schema.Union([...AnswerFault.members, ...SessionFault.members])

export type AnswerFault = typeof AnswerFault.Type
export type SessionFault = typeof SessionFault.Type
export type Fault = typeof Fault.Type

/** One line for each, for help and for `GET /`. */
export const descriptions: Readonly<Record<Fault["fault"], string>> = {
  "refuse": "an HTTP status in place of 101: status (503), retry-after, location, body",
  "stall": "no answer to the handshake: for (ever)",
  "trickle": "the answer byte by byte: every (50ms)",
  "hang-up": "TCP ends in place of an answer",
  "not-http": "an answer that is no HTTP",
  "wrong-accept": "a Sec-WebSocket-Accept of another request",
  "no-upgrade": "a 101 without the Upgrade header",
  "no-connection": "a 101 without the Connection header",
  "wrong-subprotocol": "a subprotocol that was not offered: name",
  "no-subprotocol": "no subprotocol, whatever was offered",
  "unasked-extension": "an extension that was not offered: name",
  "refuse-tcp": "the port is closed: for (5s)",
  "close": "a Close frame, with legal codes and others: code (1011), reason",
  "cut": "TCP ends without a Close frame: how (reset; or end)",
  "drop": "a reset in the middle of a frame: message",
  "silence": "half-open: nothing gets through any more, and nobody is told",
  "ignore-pings": "pings are not answered",
  "ignore-close": "a Close frame is not answered",
  "keep-tcp": "TCP is never closed, whatever was agreed",
  "invalid-utf8": "a text message that is no UTF-8",
  "oversized": "a large message: bytes (17 MiB)",
  "fragments": "a message in many frames: parts (10), message",
  "masked": "a frame with a mask, which no server may send",
  "reserved-bit": "a frame with a reserved bit, which nobody has agreed on",
  "idle-cut":
    "the link is cut when idle, as proxies do: after, counts (frames; or messages), how (reset; end; silence)",
  "latency": "everything is sent later: for",
  "flood": "many messages at once: count (10000), bytes (100)"
}

const strict = { onExcessProperty: "error", errors: "all" } as const
const fromTexts = Schema.decodeUnknownEffect(Schema.toCodecStringTree(Fault), strict)

/** Whether there is a fault of this name. */
export const isName = (name: string): boolean => Object.hasOwn(descriptions, name)

/** What is said of a name that no fault has. */
export const noSuchFault = (name: string): string =>
  `There is no fault "${name}". There are: ${Object.keys(descriptions).join(", ")}.`

/** Reads `refuse,status=503,times=2`; fails with a sentence. */
export const parse = (text: string): Effect.Effect<Fault, string> => {
  const [name = "", ...pairs] = text.split(",")
  if (!isName(name)) return Effect.fail(noSuchFault(name))
  const fields: Record<string, string> = { fault: name }
  for (const pair of pairs) {
    const equals = pair.indexOf("=")
    if (equals === -1) return Effect.fail(`"${pair}" in "${text}" is not NAME=VALUE.`)
    fields[pair.slice(0, equals).trim()] = pair.slice(equals + 1)
  }
  return Effect.mapError(
    fromTexts(fields),
    ({ issue }) => `The fault "${text}" makes no sense: ${formatIssue(issue).replace(/\s+/g, " ")}`
  )
}

/** Whether a fault is one of a session, and not of the answer. */
export const isSessionFault = (fault: Fault): fault is SessionFault =>
  SessionFault.members.some(({ fields }) => fields.fault.literal === fault.fault)

/** When a fault of a session happens; the idle cut has a clock of its own. */
export const triggerOf = (
  fault: SessionFault
): { readonly after?: Duration.Duration; readonly messages?: number } => fault.fault === "idle-cut" ? {} : fault
