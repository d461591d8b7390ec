/**
 * The worker as a process: started, asked over a socket that it inherits, and
 * ended.
 *
 * Node's own `spawn`, since Effect's gives a child pipes of one direction only.
 */
import * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { spawn } from "node:child_process"
import type { Duplex, Readable } from "node:stream"
import * as shutdown from "../shutdown.ts"
import { type Client, clientOf } from "./conversation.ts"
import { readLines } from "./lines.ts"
import { describeEnd } from "./processEnd.ts"
import type { ProcessEnd } from "./protocol.ts"
import { iso } from "./time.ts"

/** A worker that runs. */
export interface WorkerProcess {
  readonly pid: number
  readonly client: Client
  readonly ended: Effect.Effect<ProcessEnd>
  readonly kill: (signal: NodeJS.Signals) => void
}

/** How to start one. */
export interface WorkerOptions {
  /** The arguments of the command. */
  readonly args: ReadonlyArray<string>
  readonly onStderr: (line: string) => void
  readonly onStdout: (bytes: Uint8Array) => void
}

/** The descriptor at which a worker is asked. */
export const controlDescriptor = 3

/** How many lines of stderr are kept. */
const kept = 20

/** Ended when the scope closes: asked to, and killed where that does not help. */
export const startWorker = (
  { args, onStderr, onStdout }: WorkerOptions
): Effect.Effect<WorkerProcess, never, Scope.Scope> =>
  Effect.gen(function*() {
    const clock = yield* Clock.clockWith(Effect.succeed)
    const ended = yield* Deferred.make<ProcessEnd>()
    const child = yield* Effect.sync(() =>
      spawn(process.execPath, [...process.execArgv, ...entry(), ...args], {
        cwd: "/",
        stdio: ["ignore", "pipe", "pipe", "pipe"]
      })
    )
    const stderr: Array<string> = []
    const end = (code: number | null, signal: string | null) => {
      Deferred.doneUnsafe(
        ended,
        Effect.succeed(describeEnd({ at: iso(clock.currentTimeMillisUnsafe()), code, signal, stderr }))
      )
    }
    const line = (line: string) => {
      stderr.push(line)
      if (stderr.length > kept) stderr.shift()
      onStderr(line)
    }
    const [, out, err, control] = child.stdio as unknown as [null, Readable, Readable, Duplex]
    out.on("data", onStdout)
    readLines(err, { longest: 256 * 1024, onLine: line, onTooLong: () => line("(a line that is too long)") })
    child.on("error", (error) => {
      line(error.message)
      end(null, null)
    })
    // Its last words are read first; a command that it started may hold its stderr much longer, though.
    child.on("exit", (code, signal) => {
      const late = setTimeout(() => end(code, signal), 500)
      child.on("close", () => {
        clearTimeout(late)
        end(code, signal)
      })
    })
    const client = yield* clientOf(control)
    const kill = (signal: NodeJS.Signals) => void child.kill(signal)
    // Where this process ends all of a sudden, the worker does so too.
    const onExit = () => kill("SIGKILL")
    process.on("exit", onExit)
    yield* Effect.addFinalizer(() =>
      Effect.gen(function*() {
        yield* Effect.forkChild(Effect.ignore(client.ask({ _tag: "Stop" })), { startImmediately: true })
        const inTime = yield* Effect.timeoutOption(Deferred.await(ended), shutdown.ofWorker)
        if (inTime._tag === "None") {
          kill("SIGKILL")
          yield* Deferred.await(ended)
        }
        process.off("exit", onExit)
        for (const stream of [out, err, control]) stream.destroy()
      })
    )
    return { pid: child.pid ?? 0, client, ended: Deferred.await(ended), kill }
  })

/** This very program. */
export const entry = (): ReadonlyArray<string> => process.argv[1] === undefined ? [] : [process.argv[1]]
