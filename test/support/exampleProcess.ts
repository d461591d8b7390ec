// Runs an example as a reader would: `node examples/…`, in a process of its own.
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { spawn } from "node:child_process"
import { fileURLToPath } from "node:url"
import { Notice } from "./notice.ts"

export interface ExampleProcess {
  readonly pid: number
  /** What it has printed so far; what it said on stderr too. */
  readonly output: () => string
  /** Waits until it has printed this; dies, with all that was printed, where it ended before. */
  readonly prints: (text: string) => Effect.Effect<void>
  readonly kill: (signal: NodeJS.Signals) => Effect.Effect<void>
  /** Waits for the end; tells the exit code, none where a signal ended it. */
  readonly exit: Effect.Effect<number | null>
}

const root = fileURLToPath(new URL("../..", import.meta.url))

export interface RunOptions {
  readonly args?: ReadonlyArray<string> | undefined
  readonly env?: Readonly<Record<string, string>> | undefined
}

/** Started at once, killed when the scope closes. */
export const runExample = (
  name: string,
  options: RunOptions = {}
): Effect.Effect<ExampleProcess, never, Scope.Scope> =>
  Effect.gen(function*() {
    const notice = new Notice()
    let output = ""
    let ended: { readonly code: number | null } | undefined
    // What the test runner says of colours is not meant for the example.
    const { FORCE_COLOR: _force, NO_COLOR: _no, ...inherited } = process.env
    const child = yield* Effect.acquireRelease(
      Effect.sync(() => {
        const child = spawn(process.execPath, [`examples/${name}`, ...(options.args ?? [])], {
          cwd: root,
          env: { ...inherited, ...options.env },
          stdio: ["ignore", "pipe", "pipe"]
        })
        for (const stream of [child.stdout, child.stderr]) {
          stream.setEncoding("utf8").on("data", (chunk: string) => {
            output += chunk
            notice.notify()
          })
        }
        child.on("close", (code) => {
          ended = { code }
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
    return {
      pid: child.pid ?? 0,
      output: () => output,
      prints: (text) =>
        Effect.flatMap(
          notice.when(() => output.includes(text) ? "printed" : ended === undefined ? undefined : "ended"),
          (outcome) =>
            outcome === "printed" ? Effect.void : Effect.die(new Error(`ended without printing "${text}":\n${output}`))
        ),
      kill: (signal) => Effect.sync(() => void child.kill(signal)),
      exit: Effect.map(notice.when(() => ended), ({ code }) => code)
    }
  })

/** Runs it to its end. */
export const runToEnd = (
  name: string,
  options?: RunOptions
): Effect.Effect<{ readonly code: number | null; readonly output: string }> =>
  Effect.scoped(Effect.gen(function*() {
    const example = yield* runExample(name, options)
    const code = yield* example.exit
    return { code, output: example.output() }
  }))
