/**
 * Starts the supervisor: in a session of its own, away from this terminal and
 * this folder, with its output going to the log.
 *
 * Node's own `spawn`, since what Effect's starts is ended with its scope.
 */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { spawn } from "node:child_process"
import { closeSync, openSync } from "node:fs"
import type { Readable } from "node:stream"
import { exitCodes, type ExitName } from "../exitCodes.ts"
import { type CliFailure, failure } from "../failure.ts"
import { argumentOf, Claimed, type Order } from "./launch.ts"
import { readLines } from "./lines.ts"
import { entry } from "./workerProcess.ts"

/** Returns its pid once the control socket is its own; fails with why it cannot be. */
export const spawnSupervisor = (order: Order): Effect.Effect<number, CliFailure> =>
  Effect.flatMap(openLog(order.log), (log) =>
    Effect.callback<number, CliFailure>((resume) => {
      const child = spawn(process.execPath, [
        ...process.execArgv,
        ...entry(),
        "--json",
        "daemon-supervisor",
        argumentOf(order)
      ], {
        cwd: "/",
        // A session of its own: the terminal's end is not its end.
        detached: true,
        stdio: ["ignore", log, log, "pipe"]
      })
      if (typeof log === "number") closeSync(log)
      const pipe = child.stdio[3] as Readable
      const settle = (result: Effect.Effect<number, CliFailure>) => {
        pipe.destroy()
        child.removeAllListeners()
        child.unref()
        resume(result)
      }
      readLines(pipe, {
        longest: 64 * 1024,
        onLine: (line) => settle(read(line)),
        onTooLong: () => pipe.destroy()
      })
      pipe.on("error", () => undefined)
      child.on(
        "error",
        (error) => settle(Effect.fail(failure("failure", `No process can be started: ${error.message}`)))
      )
      child.on("exit", (code, signal) => {
        // What it has said is read first.
        setImmediate(() => settle(Effect.fail(diedEarly(order, code, signal))))
      })
    }))

/** A disk that is full must not keep a daemon from running: its log then begins later. */
const openLog = (file: string): Effect.Effect<number | "ignore", CliFailure> =>
  Effect.try({
    try: () => openSync(file, "a", 0o640),
    catch: (error) => new LogError(error as NodeJS.ErrnoException)
  }).pipe(
    Effect.catch(({ code, message }) =>
      code === "ENOSPC" || code === "EDQUOT"
        ? Effect.succeed("ignore" as const)
        : Effect.fail(failure("output", `The log ${file} cannot be opened: ${message}`, "Set log.file in the config."))
    )
  )

class LogError {
  readonly _tag = "LogError"
  readonly code: string | undefined
  readonly message: string
  constructor({ code, message }: NodeJS.ErrnoException) {
    this.code = code
    this.message = message
  }
}

const read = (line: string): Effect.Effect<number, CliFailure> => {
  const decoded = Schema.decodeUnknownExit(Claimed)(line)
  if (decoded._tag === "Failure") return Effect.fail(failure("failure", "The daemon says what nobody understands."))
  const { value } = decoded
  if ("claimed" in value) return Effect.succeed(value.claimed)
  return Effect.fail(failure(value.exit in exitCodes ? value.exit as ExitName : "failure", value.message, value.advice))
}

const diedEarly = ({ log }: Order, code: number | null, signal: string | null): CliFailure =>
  failure(
    "failure",
    `The daemon ended before it began, ${signal === null ? `with code ${code}` : `killed by ${signal}`}.`,
    `Its last words are in ${log}.`
  )
