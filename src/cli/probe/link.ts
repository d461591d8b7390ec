/**
 * The steps on an open link: what comes by itself, how quickly pings are
 * answered, and whether it can be closed in good order.
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as CloseCode from "../../CloseCode.ts"
import { onOneLine, shorten } from "../../internal/text.ts"
import * as frames from "../chaos/frames.ts"
import { plural } from "../inWords.ts"
import { roundTrips } from "./roundTrips.ts"
import { error, type Finding, type Problem, problem, type Told, warning } from "./Step.ts"
import type { Seen, Wire } from "./Wire.ts"

const names: Readonly<Record<number, string>> = {
  [frames.opcode.continuation]: "continuation",
  [frames.opcode.text]: "text",
  [frames.opcode.binary]: "binary",
  [frames.opcode.close]: "close",
  [frames.opcode.ping]: "ping",
  [frames.opcode.pong]: "pong"
}

const describe = ({ at, frame }: Seen): string => {
  const kind = names[frame.opcode] ?? `kind ${frame.opcode}`
  const readable = frame.opcode === frames.opcode.text && frame.rsv === 0
  const excerpt = readable ? `  ${shorten(onOneLine(frame.payload.toString()), 60)}` : ""
  return `${at.toFixed(1).padStart(8)} ms  ${kind}, ${frame.payload.length} bytes${excerpt}`
}

/** How the peer ended the link, though it should have lived. */
const ended = (wire: Wire, when: string): Problem | undefined => {
  const { closeFrame, end } = wire
  if (closeFrame !== undefined) {
    const { code, reason } = closeFrame
    const known = CloseCode.get(code)
    const said = reason === "" ? "" : ` "${onOneLine(reason)}"`
    return problem(
      "closed",
      `closed with ${code}${said} after ${closeFrame.at.toFixed(0)} ms`,
      error(
        `The server closed ${when} with ${CloseCode.format(code)}${said}: ${known.meaning}.`,
        code === 1008 || code >= 3000
          ? "It wants something that it did not get, such as credentials or a first message; see its documentation for the code."
          : "See the server's log."
      ),
      { details: { code, reason, ms: closeFrame.at } }
    )
  }
  if (end === undefined) return undefined
  return problem(
    "lost",
    `TCP ${end.how === "end" ? "ended" : "was reset"} after ${end.at.toFixed(0)} ms, without a Close frame`,
    error(
      `The link was cut ${when}, without a Close frame.`,
      "The server crashed on this connection, or a proxy does not let WebSockets live: see both logs."
    ),
    { details: { how: end.how, ms: end.at } }
  )
}

const violationsOf = (wire: Wire): ReadonlyArray<Finding> =>
  Array.from(
    wire.violations,
    (violation) =>
      error(
        `The server breaks the protocol: it sent ${violation}.`,
        "Repair or update the server: clients hang up on that."
      )
  )

/** Listens for as long as it is told, and tells what came by itself. */
export const listen = (wire: Wire, time: Duration.Duration): Effect.Effect<readonly [undefined, Told], Problem> =>
  Effect.gen(function*() {
    yield* Effect.timeoutOption(wire.when(() => wire.over ? true : undefined), time)
    const over = ended(wire, "right after the opening")
    const lines = wire.first.map(describe)
    if (over !== undefined) {
      return yield* problem(over.exit, over.told.text, over.told.findings?.[0] ?? error(over.told.text), {
        lines,
        details: over.told.details
      })
    }
    const { messages, pings } = wire.counts
    const within = `within ${Duration.format(time)}`
    const text = wire.first.length === 0
      ? `nothing came by itself ${within}`
      : `${count(messages, "message")} and ${count(pings, "ping")} ${within}`
    return [undefined, {
      text,
      lines,
      details: {
        ...wire.counts,
        first: wire.first.map(({ at, frame }) => ({
          ms: at,
          kind: names[frame.opcode] ?? frame.opcode,
          bytes: frame.payload.length
        }))
      },
      findings: violationsOf(wire)
    }] as const
  })

const count = (number: number, what: string): string => number === 0 ? `no ${what}s` : plural(number, what)

/** How long it rests between two pings: as a burst they would wait for each other. */
const rest = Duration.millis(50)

/** Sends pings one after the other, each after the answer to the last. */
export const pings = (
  wire: Wire,
  number: number,
  patience: Duration.Duration
): Effect.Effect<readonly [undefined, Told], Problem> =>
  Effect.gen(function*() {
    const times: Array<number> = []
    for (let index = 0; index < number; index++) {
      if (index > 0) yield* Effect.sleep(rest)
      const rtt = yield* Effect.timeoutOption(wire.ping(`holdfast ${index}`), patience)
      if (rtt._tag === "Some" && rtt.value !== undefined) {
        times.push(rtt.value)
        continue
      }
      const over = ended(wire, "while pings were sent")
      if (over !== undefined) return yield* over
      const waited = Duration.format(patience)
      const details = { sent: index + 1, answered: times.length }
      return yield* times.length === 0
        ? problem(
          "unexpected",
          `no pong within ${waited}`,
          error(
            "The server does not answer pings, though RFC 6455 §5.5.3 demands it.",
            "A heartbeat of pings would take this link for dead: use one of messages (Heartbeat.layerMessage), or repair the server."
          ),
          { details }
        )
        : problem(
          "unexpected",
          `${times.length} of ${index + 1} pings were answered within ${waited}`,
          error(
            "The server stopped answering pings.",
            "Something on the way lost the link, or the server is stuck: see its log."
          ),
          { details }
        )
    }
    const { max, median, min, p99 } = roundTrips(times)
    return [undefined, {
      text: `min ${ms(min)}, median ${ms(median)}, p99 ${ms(p99)} over ${count(number, "ping")}`,
      details: { sent: number, answered: times.length, min, median, p99, max }
    }] as const
  })

const ms = (millis: number): string => `${millis.toFixed(1)} ms`

/** Closes, and waits for the answer and for the end of TCP. */
export const close = (
  wire: Wire,
  patience: Duration.Duration
): Effect.Effect<readonly [undefined, Told], Problem> =>
  Effect.gen(function*() {
    const began = wire.now()
    wire.close(1000, "")
    yield* Effect.timeoutOption(wire.when(() => wire.over ? true : undefined), patience)
    const { closeFrame } = wire
    const waited = Duration.format(patience)
    if (closeFrame === undefined) {
      const text = wire.end === undefined ? `no answer within ${waited}` : "TCP ended without an answer"
      return yield* problem(
        "unexpected",
        text,
        error(
          `The server does not answer a Close frame (${text}).`,
          "It never learns that clients leave, or forgets its manners when they do: repair it; clients must bound the wait (closeTimeout)."
        ),
        { details: { answered: false, tcpClosed: wire.end !== undefined } }
      )
    }
    const answered = closeFrame.at - began
    yield* Effect.timeoutOption(wire.when(() => wire.end), patience)
    const { code } = closeFrame
    const details = { answered: true, code, ms: answered, tcpClosed: wire.end !== undefined }
    const head = `answered with ${code} in ${ms(answered)}`
    if (wire.end === undefined) {
      return [undefined, {
        text: `${head}; TCP not closed within ${waited}`,
        details,
        findings: [
          warning(
            "The server leaves TCP open after the closing handshake.",
            "It is the server's to close first (RFC 6455 §7.1.1): until clients do, it holds a descriptor for each."
          ),
          ...violationsOf(wire)
        ]
      }] as const
    }
    return [undefined, {
      text: `${head}, TCP ${wire.end.how === "end" ? "closed" : "reset"} ${
        ms(Math.max(0, wire.end.at - closeFrame.at))
      } later`,
      details,
      findings: violationsOf(wire)
    }] as const
  })
