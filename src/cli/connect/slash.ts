/**
 * Lines that are commands: `/ping`, `/close 4000 bye` and others.
 */
import * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { ConnectionService } from "../../Connection.ts"
import type { ConnectionStatus } from "../../ConnectionStatus.ts"
import type { Link } from "../../Link.ts"
import { fromHex } from "../hex.ts"
import { duration, roundTrip } from "../inWords.ts"
import type { Output } from "../output.ts"
import type { Watcher } from "./watchedTransport.ts"

/** What a line asks for. */
export type Command =
  | { readonly _tag: "Ping" | "Pong"; readonly payload: string }
  | { readonly _tag: "Close" | "Reconnect"; readonly code: number | undefined; readonly reason: string | undefined }
  | { readonly _tag: "Binary"; readonly bytes: Uint8Array }
  | { readonly _tag: "Status" | "Help" | "Quit" }
  | { readonly _tag: "Wrong"; readonly problem: string }

/** Whether a line is a command; `//` begins a message that begins with a slash. */
export const isCommand = (line: string): boolean => line.startsWith("/") && !line.startsWith("//")

/** The commands, for completion. */
export const names = ["/binary", "/close", "/help", "/ping", "/pong", "/quit", "/reconnect", "/status"] as const

/** What each of them does. */
export const help = [
  "/ping [data]            ping the server, and tell how long the answer takes",
  "/pong [data]            send a pong that nobody asked for",
  "/close [code [reason]]  close for good, with this code; 1000 where none is given",
  "/reconnect              end this session and dial again now",
  "/status                 tell what the connection does",
  "/binary HEX             send bytes",
  "/quit                   close and leave; so does Ctrl-D",
  "//text                  send /text"
].join("\n")

/** Reads a line that is a command. */
export const parse = (line: string): Command => {
  const [, name = "", rest = ""] = /^\/(\S*)\s*(.*)$/s.exec(line) ?? []
  switch (name) {
    case "ping":
    case "pong":
      return Buffer.byteLength(rest) > 125
        ? { _tag: "Wrong", problem: `/${name} takes 125 bytes at most (RFC 6455 §5.5).` }
        : { _tag: name === "ping" ? "Ping" : "Pong", payload: rest }
    case "close":
    case "reconnect":
      return closing(name === "close" ? "Close" : "Reconnect", rest.trim())
    case "binary": {
      const bytes = fromHex(rest)
      return bytes === undefined
        ? { _tag: "Wrong", problem: "/binary takes hex: pairs of 0-9 and a-f." }
        : { _tag: "Binary", bytes }
    }
    case "status":
      return { _tag: "Status" }
    case "help":
      return { _tag: "Help" }
    case "quit":
    case "exit":
      return { _tag: "Quit" }
    default:
      return {
        _tag: "Wrong",
        problem: `There is no command /${name}. /help lists them; //${name} sends it as a message.`
      }
  }
}

const closing = (tag: "Close" | "Reconnect", rest: string): Command => {
  const [code = "", ...reason] = rest.split(/\s+/)
  if (code === "") return { _tag: tag, code: undefined, reason: undefined }
  return /^\d+$/.test(code)
    ? { _tag: tag, code: Number(code), reason: reason.length === 0 ? undefined : reason.join(" ") }
    : { _tag: "Wrong", problem: `/${tag.toLowerCase()} takes a code such as 1000 or 4000 first, then a reason.` }
}

/** The link of the open session. */
export class CurrentLink implements Watcher {
  link: Link | undefined = undefined
  readonly opened = (link: Link): void => {
    this.link = link
  }
  readonly ended = (): void => {
    this.link = undefined
  }
}

/** What commands work with. */
export interface Tools {
  readonly connection: ConnectionService
  readonly current: CurrentLink
  readonly output: Output["Service"]
}

/** Does it. Never fails: what is wrong is told. */
export const run = (command: Command, { connection, current, output }: Tools): Effect.Effect<void> => {
  const say = (message: string) => output.note("info", "command", message)
  const wrong = (message: string) => output.note("warn", "command", message)
  switch (command._tag) {
    case "Wrong":
      return wrong(command.problem)
    case "Help":
      return say(help)
    case "Status":
      return Effect.flatMap(connection.status, (status) => say(statusInWords(status)))
    case "Ping":
      return current.link === undefined ? wrong("No session is open.") : ping(current.link, command.payload, say, wrong)
    case "Pong":
      return current.link?.sendPong(new TextEncoder().encode(command.payload)) === true
        ? say("Sent a pong.")
        : wrong("No session is open.")
    case "Close":
      return Effect.catch(
        connection.close({ code: command.code, reason: command.reason }),
        (error) => wrong(error.reason.message)
      )
    case "Reconnect":
      return Effect.catch(
        Effect.asVoid(connection.reconnect({ code: command.code, reason: command.reason })),
        (error) => wrong(error.reason.message)
      )
    case "Binary":
      return Effect.catch(connection.send(command.bytes), (error) => wrong(error.reason.message))
    case "Quit":
      return Effect.ignore(connection.close())
  }
}

const ping = (
  link: Link,
  payload: string,
  say: (message: string) => Effect.Effect<void>,
  wrong: (message: string) => Effect.Effect<void>
): Effect.Effect<void> =>
  Effect.gen(function*() {
    const started = yield* Clock.monotonicTimeNanos
    const sent = new TextEncoder().encode(payload)
    const answered = yield* Deferred.make<void>()
    yield* link.onPong((pong) => {
      if (Buffer.compare(pong, sent) === 0) Deferred.doneUnsafe(answered, Effect.void)
    })
    yield* Effect.ignore(link.ping(sent))
    const result = yield* Effect.timeoutOption(Deferred.await(answered), "10 seconds")
    const rtt = Duration.nanos((yield* Clock.monotonicTimeNanos) - started)
    return yield* Option.isSome(result)
      ? say(`Pong after ${roundTrip(Duration.toMillis(rtt))}.`)
      : wrong("No pong came within 10 s.")
  }).pipe(Effect.scoped)

/** One line about what a connection does. */
export const statusInWords = (status: ConnectionStatus): string => {
  switch (status._tag) {
    case "Connecting":
      return `Connecting, attempt ${status.attempt}.`
    case "Open": {
      const details = [
        `session ${status.session}`,
        ...Option.match(status.subprotocol, { onNone: () => [], onSome: (name) => [`subprotocol ${name}`] }),
        ...Option.match(status.rtt, {
          onNone: () => [],
          onSome: (rtt) => [`round trip ${roundTrip(Duration.toMillis(rtt))}`]
        }),
        ...(status.paused ? ["reading is paused"] : [])
      ]
      return `Open: ${details.join(", ")}.`
    }
    case "Waiting":
      return `Waiting ${duration(Duration.toMillis(status.delay))} before attempt ${
        status.attempt + 1
      }: ${status.cause.message}`
    case "Closing":
      return "Closing."
    case "Closed":
      return "Closed."
  }
}
