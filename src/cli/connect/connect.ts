/**
 * `holdfast connect`: from flags to a connection, and from its end to an exit
 * code.
 */
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as FileSystem from "effect/FileSystem"
import * as Option from "effect/Option"
import type * as Path from "effect/Path"
import * as References from "effect/References"
import * as Result from "effect/Result"
import type * as Scope from "effect/Scope"
import * as Stdio from "effect/Stdio"
import type * as Terminal from "effect/Terminal"
import type { Message } from "../../Link.ts"
import * as NodeConnection from "../../node/NodeConnection.ts"
import * as Reconnect from "../../Reconnect.ts"
import { connectionOptions, optionFailure, type ReachOptions, withScheme } from "../connectionOptions.ts"
import { type CliFailure, failure } from "../failure.ts"
import { Output } from "../output.ts"
import type { Signals } from "../signals.ts"
import type { ConnectInput } from "./command.ts"
import { filter } from "./filter.ts"
import * as source from "./input.ts"
import type { Conversation } from "./interactive.ts"
import type { LineFormat } from "./lines.ts"
import { narrate } from "./narrator.ts"
import { showPingPong } from "./pingPong.ts"
import type { PrintFormat } from "./printer.ts"
import { Receipts } from "./receipts.ts"
import { recorder } from "./recorder.ts"
import * as slash from "./slash.ts"
import { smallHeap } from "./smallHeap.ts"
import { judge } from "./verdict.ts"
import { combine, watchedTransport, type Watcher } from "./watchedTransport.ts"

type Needs = FileSystem.FileSystem | Output | Path.Path | Signals | Stdio.Stdio | Terminal.Terminal

/** Runs the command. */
export const connect = (input: ConnectInput): Effect.Effect<void, CliFailure, Needs> =>
  Effect.gen(function*() {
    yield* checked(input)
    const output = yield* Output
    const stdio = yield* Stdio.Stdio
    const lineFormat = input.binary ? "binary" : input.hex ? "hex" : "text"
    const sources = { execute: input.execute, send: input.send, format: lineFormat } as const
    const interactive = source.readsStdin(sources) && input.send.length === 0 && output.terminal.stderr &&
      (yield* stdio.stdinIsTerminal)
    const run = interactive ? interact(input, lineFormat) : pipe(input, sources)
    const limited = Option.isNone(input.timeout) ? run : Effect.timeoutOrElse(run, {
      duration: input.timeout.value,
      orElse: () => Effect.fail(failure("timeout", `It was not done within --timeout.`))
    })
    // What the library logs is told here, in the command's own words.
    return yield* output.level === "debug"
      ? limited
      : Effect.provideService(limited, References.MinimumLogLevel, "Error")
  }).pipe(Effect.scoped)

// ---------------------------------------------------------------------------
// in a pipe
// ---------------------------------------------------------------------------

const pipe = (input: ConnectInput, sources: source.Sources): Effect.Effect<void, CliFailure, Needs | Scope.Scope> =>
  Effect.gen(function*() {
    const output = yield* Output
    yield* smallHeap
    const messages = yield* source.input(sources)
    const expect = yield* expectation(input)
    const options = yield* connectionOptions(input.url, input)
    const { broken, connection, receipts, tools } = yield* open(input, options, output, false)
    const ends = Option.isSome(input.count) || expect !== undefined
    const commands = Option.getOrElse(input.slash, () => false)
    const conversation = filter(connection, output, receipts, {
      input: messages,
      format: printFormat(input, output.json),
      wait: Option.getOrElse(input.wait, () => ends ? Duration.infinity : Duration.seconds(2)),
      count: input.count,
      expect,
      command: commands ? (line) => slash.isCommand(line) ? slash.run(slash.parse(line), tools) : undefined : undefined
    })
    const outcome = yield* Effect.raceFirst(conversation, broken)
    const status = yield* connection.status
    const dials = status._tag === "Closed" ? status.dials : 1
    yield* Effect.ignore(connection.close())
    return yield* judge(outcome, {
      uncertain: receipts.uncertain,
      dials,
      retries: input.reconnect ? Option.getOrUndefined(input.retries) : undefined,
      sessions: receipts.sessions,
      wanted: Option.isSome(input.count) ? "count" : expect === undefined ? undefined : "expect"
    })
  })

// ---------------------------------------------------------------------------
// on a terminal
// ---------------------------------------------------------------------------

const interact = (
  input: ConnectInput,
  format: LineFormat
): Effect.Effect<void, CliFailure, Needs | Scope.Scope> =>
  Effect.gen(function*() {
    // A passphrase is asked for before there is a line to type at: it is no message.
    const options = yield* connectionOptions(input.url, input)
    const { interactive } = yield* Effect.promise(() => import("./interactive.ts"))
    const expect = yield* expectation(input)
    return yield* interactive({
      format,
      printFormat: printFormat(input, (yield* Output).json),
      history: input.history,
      slash: Option.getOrElse(input.slash, () => true),
      count: input.count,
      expect,
      retries: input.reconnect ? Option.getOrUndefined(input.retries) : undefined,
      open: (output) => open(input, options, output, true)
    })
  })

// ---------------------------------------------------------------------------
// both
// ---------------------------------------------------------------------------

const open = (
  input: ConnectInput,
  options: ReachOptions,
  output: Output["Service"],
  interactive: boolean
): Effect.Effect<Conversation, CliFailure, Needs | Scope.Scope> =>
  Effect.gen(function*() {
    const clock = yield* Clock.clockWith(Effect.succeed)
    const receipts = new Receipts({ asks: !input.noHeartbeat, atOpen: interactive, clock })
    const current = new slash.CurrentLink()
    const watchers: Array<Watcher> = [receipts, current]
    let broken: Effect.Effect<never, CliFailure> = Effect.never
    if (Option.isSome(input.record)) {
      const { failed, watcher } = yield* recorder(input.record.value, endpointOf(input.url))
      watchers.push(watcher)
      broken = failed
    }
    if (input.showPingPong) watchers.push(yield* showPingPong(output))
    const connection = yield* Effect.mapError(
      NodeConnection.make({
        ...options,
        transport: watchedTransport(options.transport, combine(watchers)),
        heartbeat: input.noHeartbeat ? false : {
          interval: Option.getOrUndefined(input.heartbeat),
          timeout: Option.getOrUndefined(input.heartbeatTimeout)
        },
        reconnect: input.reconnect
          ? { schedule: Reconnect.schedule({ times: Option.getOrUndefined(input.retries) }) }
          : false,
        // A pipe needs no more on its way, and what waits costs memory several times over. Who pages through the output
        // may read one page for long.
        inbound: { maxPause: "1 day", highWaterMark: 64 * 1024 },
        outbound: { highWaterMark: 64 * 1024 }
      }),
      (error) => optionFailure(error)
    )
    yield* Effect.forkScoped(narrate(connection, output, { interactive }), { startImmediately: true })
    yield* Effect.forkScoped(receipts.asking("1 second"))
    return { connection, receipts, broken, tools: { connection, current, output } }
  })

/** Origin and path, for people. */
const endpointOf = (url: string): string => {
  const text = withScheme(url)
  if (!URL.canParse(text)) return ""
  const { host, pathname, protocol } = new URL(text)
  return protocol === "ws+unix:" ? `${protocol}${pathname}` : `${protocol}//${host}${pathname}`
}

const checked = (input: ConnectInput): Effect.Effect<void, CliFailure> => {
  const problem = input.binary && input.hex
    ? "--binary and --hex exclude each other: give one of them."
    : Option.exists(input.count, (count) => count < 1)
    ? "--count must be at least 1."
    : Option.exists(input.retries, (retries) => retries < 0)
    ? "--retries must be at least 0."
    : Option.isSome(input.heartbeat) && input.noHeartbeat
    ? "--heartbeat and --no-heartbeat exclude each other: give one of them."
    : undefined
  return problem === undefined ? Effect.void : Effect.fail(failure("usage", problem))
}

const expectation = (input: ConnectInput): Effect.Effect<((message: Message) => boolean) | undefined, CliFailure> => {
  if (Option.isNone(input.expect)) return Effect.undefined
  const pattern = Result.try(() => new RegExp(Option.getOrThrow(input.expect), "u"))
  return Result.isFailure(pattern)
    ? Effect.fail(failure("usage", "--expect must be a regular expression, as JavaScript has them."))
    : Effect.succeed((message) =>
      pattern.success.test(typeof message === "string" ? message : Buffer.from(message).toString("utf8"))
    )
}

const printFormat = (input: ConnectInput, json: boolean): PrintFormat =>
  json ? "json" : input.binary ? "binary" : input.hex ? "hex" : "text"
