// Runs the command as a user would: the built `holdfast`, in a process of its own.
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { spawn } from "node:child_process"
import { fileURLToPath } from "node:url"
import { Notice } from "./notice.ts"

/** What `package.json` names as `bin`; built by the tests' setup. */
export const executable = fileURLToPath(new URL("../../dist/cli/index.js", import.meta.url))

export interface CliOptions {
  readonly cwd?: string | undefined
  /** Added to the environment of the tests, from which colours are taken. */
  readonly env?: Readonly<Record<string, string | undefined>> | undefined
  /** What stdin says before it ends; nothing by default. */
  readonly stdin?: string | undefined
  /** Leaves stdin open for `write`. */
  readonly keepsInput?: boolean | undefined
}

export interface Exit {
  /** None where a signal ended it. */
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

export interface CliProcess {
  readonly pid: number
  readonly stdout: () => string
  readonly stderr: () => string
  /** Waits until stdout or stderr has this; dies, with all that was printed, where it ended before. */
  readonly prints: (text: string | RegExp) => Effect.Effect<void>
  /** Writes to stdin. */
  readonly write: (text: string) => Effect.Effect<void>
  readonly endInput: Effect.Effect<void>
  readonly kill: (signal: NodeJS.Signals) => Effect.Effect<void>
  readonly exit: Effect.Effect<Exit>
}

/** Started at once, killed when the scope closes. */
export const start = (
  args: ReadonlyArray<string>,
  options: CliOptions = {}
): Effect.Effect<CliProcess, never, Scope.Scope> =>
  Effect.gen(function*() {
    const notice = new Notice()
    let stdout = ""
    let stderr = ""
    let ended: Exit | undefined
    const { FORCE_COLOR: _force, NO_COLOR: _no, ...inherited } = process.env
    const child = yield* Effect.acquireRelease(
      Effect.sync(() => {
        const child = spawn(process.execPath, [executable, ...args], {
          cwd: options.cwd,
          env: { ...inherited, ...options.env },
          stdio: ["pipe", "pipe", "pipe"]
        })
        child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
          stdout += chunk
          notice.notify()
        })
        child.stderr.setEncoding("utf8").on("data", (chunk: string) => {
          stderr += chunk
          notice.notify()
        })
        // It may have gone before it has read everything.
        child.stdin.on("error", () => undefined)
        if (options.stdin !== undefined) child.stdin.write(options.stdin)
        if (options.keepsInput !== true) child.stdin.end()
        child.on("close", (code) => {
          ended = { code, stdout, stderr }
          notice.notify()
        })
        return child
      }),
      (child) =>
        Effect.suspend(() => {
          child.kill("SIGKILL")
          return notice.when(() => ended)
        })
    )
    const printed = (text: string | RegExp) => {
      const all = stdout + stderr
      return typeof text === "string" ? all.includes(text) : text.test(all)
    }
    return {
      pid: child.pid ?? 0,
      stdout: () => stdout,
      stderr: () => stderr,
      prints: (text) =>
        Effect.flatMap(
          notice.when(() => printed(text) ? "printed" : ended === undefined ? undefined : "ended"),
          (outcome) =>
            outcome === "printed"
              ? Effect.void
              : Effect.die(new Error(`ended without printing ${String(text)}:\n${stdout}\n${stderr}`))
        ),
      write: (text) => Effect.sync(() => void child.stdin.write(text)),
      endInput: Effect.sync(() => void child.stdin.end()),
      kill: (signal) => Effect.sync(() => void child.kill(signal)),
      exit: notice.when(() => ended)
    }
  })

/** Runs it to its end. */
export const run = (args: ReadonlyArray<string>, options?: CliOptions): Effect.Effect<Exit> =>
  Effect.scoped(Effect.flatMap(start(args, options), ({ exit }) => exit))
