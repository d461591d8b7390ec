/**
 * `holdfast logs`: what a daemon has written.
 */
import * as Effect from "effect/Effect"
import type * as FileSystem from "effect/FileSystem"
import * as Path from "effect/Path"
import { type CliFailure, failure } from "../failure.ts"
import { Output } from "../output.ts"
import { visible } from "../visible.ts"
import { ask } from "./controlClient.ts"
import { type Candidate, find } from "./daemons.ts"
import * as lastEnd from "./lastEnd.ts"
import { logFolder, surroundings } from "./place.ts"
import { parse } from "./processEnd.ts"
import { tail } from "./tail.ts"

/** What `logs` is told. */
export interface LogsInput {
  readonly target: string
  readonly follow: boolean
  readonly lines: number
  readonly runtimeDir: string | undefined
}

/** Prints the last lines; follows the file, into new ones, where asked to. */
export const logs = ({ follow, lines, runtimeDir, target }: LogsInput): Effect.Effect<
  void,
  CliFailure,
  FileSystem.FileSystem | Path.Path | Output
> =>
  Effect.gen(function*() {
    const output = yield* Output
    const candidate = yield* find(target, runtimeDir)
    const file = yield* fileOf(candidate)
    yield* tail(
      file,
      { lines, follow },
      (line) => output.write(`${output.json ? line : readable(line, output.paint)}\n`)
    ).pipe(
      Effect.catchTag("PlatformError", (error) =>
        Effect.fail(
          error.reason._tag === "NotFound"
            ? failure("failure", `There is no log ${file}.`, `Has "${candidate.place.name}" been started?`)
            : failure("failure", `The log ${file} cannot be read: ${error.message}`)
        ))
    )
  })

/** Where it says that it writes; where it said so; where it would write by default. */
const fileOf = ({ place }: Candidate): Effect.Effect<string, CliFailure, FileSystem.FileSystem | Path.Path> =>
  Effect.gen(function*() {
    const path = yield* Path.Path
    const report = yield* Effect.option(ask(place, { _tag: "Status" }, 5000))
    const told = report._tag === "Some" ? report.value.log?.file : undefined
    const left = told ?? (yield* lastEnd.read(place.lastEnd))?.log
    return left ?? path.join(logFolder(surroundings()), `${place.name}.log`)
  })

const styles = { warn: "yellow", error: "red", debug: "dim" } as const

/** A line of NDJSON for people. */
export const readable = (line: string, paint: Output["Service"]["paint"]): string => {
  const note = parse(line)
  if (note === undefined || typeof note["message"] !== "string") return visible(line)
  const { at, level } = note
  const message = visible(note["message"])
  const style = styles[level as keyof typeof styles]
  return `${paint("dim", String(at), "stdout")} ${String(level).padEnd(5)} ${
    style === undefined ? message : paint(style, message, "stdout")
  }`
}
