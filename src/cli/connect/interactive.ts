/**
 * `connect` on a terminal: what is typed is sent, what comes is shown, and the
 * line at the bottom tells what the connection does.
 */
import * as Clock from "effect/Clock"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import type * as FileSystem from "effect/FileSystem"
import * as Option from "effect/Option"
import type * as Path from "effect/Path"
import * as Pull from "effect/Pull"
import * as Queue from "effect/Queue"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { ConnectionService } from "../../Connection.ts"
import type { ConnectionError } from "../../ConnectionError.ts"
import type { Message } from "../../Link.ts"
import type { CliFailure } from "../failure.ts"
import { fromHex } from "../hex.ts"
import { Output } from "../output.ts"
import { visible } from "../visible.ts"
import * as history from "./history.ts"
import type { LineFormat } from "./lines.ts"
import { hex, Printer, type PrintFormat } from "./printer.ts"
import { prompt } from "./prompt.ts"
import type { Receipts } from "./receipts.ts"
import * as slash from "./slash.ts"
import { statusLine } from "./statusLine.ts"
import { judge } from "./verdict.ts"

/** A connection that somebody talks over, and what else is known of it. */
export interface Conversation {
  readonly connection: ConnectionService
  readonly receipts: Receipts
  /** Fails when something beside the connection does: the recording. */
  readonly broken: Effect.Effect<never, CliFailure>
  readonly tools: slash.Tools
}

/** What is interactive about it. */
export interface InteractiveOptions<R> {
  readonly format: LineFormat
  readonly printFormat: PrintFormat
  /** Whether what is typed is kept for the next time. */
  readonly history: boolean
  /** Whether lines that begin with a slash are commands. */
  readonly slash: boolean
  readonly count: Option.Option<number>
  readonly expect: ((message: Message) => boolean) | undefined
  readonly retries: number | undefined
  /** Opens the connection, which tells what happens to this output. */
  readonly open: (output: Output["Service"]) => Effect.Effect<Conversation, CliFailure, R>
}

/** Runs until it is closed, by whomever. */
export const interactive = <R>(
  options: InteractiveOptions<R>
): Effect.Effect<void, CliFailure, FileSystem.FileSystem | Output | Path.Path | R | Scope.Scope> =>
  Effect.gen(function*() {
    const plain = yield* Output
    const past = options.history ? yield* history.load : history.none
    const line = yield* prompt({
      input: process.stdin,
      output: process.stderr,
      history: past.lines,
      completions: options.slash ? slash.names : [],
      // As everywhere else: the connection closes in good order, and the exit code is that of an interrupt.
      onInterrupt: () => process.kill(process.pid, "SIGINT")
    })
    const output = Output.of({
      ...plain,
      write: (chunk) => plain.terminal.stdout ? line.above(plain.write(chunk)) : plain.write(chunk),
      data: (text, record) => plain.terminal.stdout ? line.above(plain.data(text, record)) : plain.data(text, record),
      note: (...note) => line.above(plain.note(...note))
    })
    const { broken, connection, receipts, tools } = yield* options.open(output)
    const clock = yield* Clock.clockWith(Effect.succeed)
    const sent = (text: string) =>
      line.above(plain.note("info", "sent", `${plain.paint("green", ">")} ${visible(text)}`))
    let received = 0
    let lastMessage: number | undefined

    const outbox = yield* Queue.unbounded<Message>()
    const sending = Effect.forever(
      Effect.flatMap(
        Queue.take(outbox),
        (message) =>
          Effect.catch(connection.send(message), (error) => output.note("warn", "undelivered", error.message))
      )
    )

    const typed = (text: string): Effect.Effect<void> => {
      if (options.slash && slash.isCommand(text)) {
        const command = slash.parse(text)
        return Effect.andThen(
          sent(text),
          command._tag === "Ping"
            ? Effect.asVoid(Effect.forkDetach(slash.run(command, tools)))
            : slash.run(command, tools)
        )
      }
      if (text === "") return Effect.void
      const message = messageOf(options.slash && text.startsWith("//") ? text.slice(1) : text, options.format)
      return message === undefined
        ? output.note("warn", "command", "This is no hex: write pairs of 0-9 and a-f.")
        : Effect.andThen(sent(text), Queue.offer(outbox, message))
    }
    const typing = Effect.forever(Effect.flatMap(
      Queue.take(line.lines),
      (text) => Effect.andThen(past.add(text), typed(text))
    )).pipe(
      // Ctrl-D.
      Effect.catch(() => Effect.andThen(Effect.ignore(connection.close()), Effect.never))
    )

    const printer = new Printer(options.printFormat, plain.terminal.stdout)
    const pull = yield* connection.subscribe
    const reading: Effect.Effect<boolean, CliFailure | ConnectionError> = Effect.gen(function*() {
      while (true) {
        const batch = yield* Pull.catchDone(pull, () => Effect.succeed(undefined))
        if (batch === undefined) return false
        lastMessage = clock.currentTimeMillisUnsafe()
        received += batch.length
        if (plain.terminal.stdout && options.printFormat !== "json") {
          const lines = batch.map((message) => `${plain.paint("cyan", "<", "stdout")} ${shown(message)}\n`)
          yield* output.write(lines.join(""))
        } else {
          const at = DateTime.formatIso(DateTime.makeUnsafe(lastMessage))
          for (const piece of printer.pieces(batch, () => at)) yield* output.write(piece)
        }
        if (Option.exists(options.count, (count) => received >= count)) return true
        if (options.expect !== undefined && batch.some(options.expect)) return true
      }
    })

    let since = clock.currentTimeMillisUnsafe()
    const showStatus = Effect.flatMap(connection.status, (status) =>
      line.status(statusLine({
        status,
        since: clock.currentTimeMillisUnsafe() - since,
        rtt: receipts.roundTrip,
        age: lastMessage === undefined ? undefined : clock.currentTimeMillisUnsafe() - lastMessage,
        columns: process.stderr.columns,
        paint: plain.paint
      })))
    const following = Effect.raceFirst(
      Effect.forever(Effect.andThen(showStatus, Effect.sleep("1 second"))),
      Stream.runForEach(connection.changes, () => {
        since = clock.currentTimeMillisUnsafe()
        return showStatus
      }).pipe(Effect.andThen(Effect.never))
    )

    const result = yield* Effect.result(
      Effect.raceAllFirst([reading, typing, sending, following, broken])
    )
    const dials = yield* Effect.map(connection.status, (status) => status._tag === "Closed" ? status.dials : 1)
    if (result._tag === "Failure" && result.failure._tag === "CliFailure") return yield* result.failure
    return yield* judge({
      satisfied: result._tag === "Success" && result.success,
      received,
      unsent: yield* Queue.size(outbox),
      unconfirmed: 0,
      error: result._tag === "Failure" && result.failure._tag === "ConnectionError" ? result.failure : undefined
    }, {
      uncertain: 0,
      dials,
      retries: options.retries,
      sessions: receipts.sessions,
      wanted: Option.isSome(options.count) ? "count" : options.expect === undefined ? undefined : "expect"
    })
  })

const messageOf = (text: string, format: LineFormat): Message | undefined =>
  format === "text" ? text : format === "hex" ? fromHex(text) : new TextEncoder().encode(text)

const shown = (message: Message): string =>
  typeof message === "string" ? visible(message).replaceAll("\n", "\n  ") : `(${message.length} bytes) ${hex(message)}`
