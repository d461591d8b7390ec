/**
 * Where a command's words go: data to stdout, everything else to stderr. With
 * `--json` both are NDJSON; colours are for terminals only.
 */
import * as Context from "effect/Context"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import type { Writable } from "node:stream"
import { stripVTControlCharacters, styleText } from "node:util"
import { type CliFailure, failure } from "./failure.ts"
import { visible, visibleAndColoured, visibleJson } from "./visible.ts"

/** How important a note is. */
export type Level = "debug" | "info" | "warn" | "error"

/** A style of a terminal's text. */
export type Style = "bold" | "dim" | "red" | "green" | "yellow" | "cyan" | "magenta"

/** What a note says besides its sentence; becomes members of the JSON object. */
export interface Fields {
  readonly [name: string]: unknown
}

/** The two ways out of a command. */
export class Output extends Context.Service<Output, {
  /** Whether `--json` was given. */
  readonly json: boolean
  /** The least important note that is shown; default `info`. */
  readonly level: Level
  /** Whether each of the two is a terminal. */
  readonly terminal: { readonly stdout: boolean; readonly stderr: boolean }
  /** Writes to stdout as it is, and waits while the reader is slow. Fails with exit `brokenPipe` once the reader has gone. */
  readonly write: (chunk: string | Uint8Array) => Effect.Effect<void, CliFailure>
  /** One line on stdout; with `--json` the record takes its place. */
  readonly data: (line: string, record: unknown) => Effect.Effect<void, CliFailure>
  /** A sentence on stderr; with `--json` `{ at, level, event, message, …fields }`. Never fails. */
  readonly note: (level: Level, event: string, message: string, fields?: Fields) => Effect.Effect<void>
  /** Colours a text for stdout or stderr; gives it back as it is where there are no colours. */
  readonly paint: (style: Style, text: string, to?: "stdout" | "stderr") => string
}>()("holdfast/cli/Output") {}

/** So much may wait for a reader of stderr, in bytes; it is no reason to run out of memory. */
const unreadBound = 1024 * 1024

const levels: ReadonlyArray<Level> = ["debug", "info", "warn", "error"]

/** How the two ways are used. */
export interface OutputOptions {
  readonly json: boolean
  readonly level: Level
  /** `auto`: where it is a terminal, and `NO_COLOR` is not set. */
  readonly colours: "auto" | "never"
  readonly stdout: Writable
  readonly stderr: Writable
}

/** Output to these streams. Errors of the streams never become unhandled. */
export const make = (options: OutputOptions): Output["Service"] => {
  const { json, level, stderr, stdout } = options
  const terminal = { stdout: isTerminal(stdout), stderr: isTerminal(stderr) }
  const coloured = (to: "stdout" | "stderr") =>
    options.colours === "auto" && !json && terminal[to] && (process.env["NO_COLOR"] ?? "") === ""
  const colours = { stdout: coloured("stdout"), stderr: coloured("stderr") }
  const shown = colours.stderr ? visibleAndColoured : visible
  let broken: CliFailure | undefined
  stdout.on("error", (error: NodeJS.ErrnoException) => {
    broken ??= outputFailure(error)
  })
  // Whoever closed stderr does not want to be told.
  stderr.on("error", () => undefined)

  const write = (chunk: string | Uint8Array): Effect.Effect<void, CliFailure> =>
    Effect.callback((resume) => {
      if (broken !== undefined) return resume(Effect.fail(broken))
      stdout.write(chunk, (error) => {
        if (error != null) resume(Effect.fail(broken ??= outputFailure(error)))
        else resume(Effect.void)
      })
    })
  const paint = (style: Style, text: string, to: "stdout" | "stderr" = "stderr"): string =>
    colours[to] ? styleText(style, text, { validateStream: false }) : text

  /** Notes since stderr was not read any more. */
  let leftOut = 0
  const tell = (at: string, level: Level, event: string, message: string, fields?: Fields): void => {
    const style = styles[level]
    const line = json
      ? visibleJson({ at, level, event, message: stripVTControlCharacters(message), ...fields })
      : style === undefined
      ? shown(message)
      : paint(style, shown(message))
    stderr.write(`${line}\n`)
  }

  return Output.of({
    json,
    level,
    terminal,
    write,
    data: (line, record) => write(`${json ? visibleJson(record) : line}\n`),
    note: (noteLevel, event, message, fields) =>
      levels.indexOf(noteLevel) < levels.indexOf(level) ? Effect.void : Effect.map(DateTime.now, (now) => {
        if (stderr.writableLength > unreadBound) return void leftOut++
        const at = DateTime.formatIso(now)
        if (leftOut > 0) {
          const notes = leftOut
          leftOut = 0
          tell(at, "warn", "left-out", `${notes} notes were left out: nobody read stderr`, { notes })
        }
        tell(at, noteLevel, event, message, fields)
      }),
    paint
  })
}

const styles: Record<Level, Style | undefined> = { debug: "dim", info: undefined, warn: "yellow", error: "red" }

const isTerminal = (stream: Writable): boolean => "isTTY" in stream && stream.isTTY === true

const outputFailure = (error: NodeJS.ErrnoException): CliFailure =>
  error.code === "EPIPE" || error.code === "ERR_STREAM_DESTROYED"
    ? failure("brokenPipe", "Whoever read the output has gone.")
    : failure("output", `stdout cannot be written: ${error.message}`, "Check the disk's free space and permissions.")
