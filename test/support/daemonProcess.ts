// Daemons as a user starts them: the built command, with folders of its own for each test. What was started is killed
// at the end of the scope, by the pids that it has told.
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import type { DaemonReport } from "../../src/cli/daemon/protocol.ts"
import { type CliOptions, type CliProcess, type Exit, run, start } from "./cliProcess.ts"

export interface Home {
  readonly folder: string
  readonly runtime: string
  /** The path of a config that says this. */
  readonly config: (name: string, toml: string) => string
  readonly run: (args: ReadonlyArray<string>, options?: CliOptions) => Effect.Effect<Exit>
  readonly start: (args: ReadonlyArray<string>, options?: CliOptions) => Effect.Effect<CliProcess, never, Scope.Scope>
  readonly report: (name: string) => Effect.Effect<DaemonReport>
  /** Asks until it is as it should be. */
  readonly until: (name: string, condition: (report: DaemonReport) => boolean) => Effect.Effect<DaemonReport>
  readonly log: (name: string) => string
  readonly runtimeFiles: () => ReadonlyArray<string>
}

/** Folders for one test. */
export const home: Effect.Effect<Home, never, Scope.Scope> = Effect.gen(function*() {
  const folder = yield* Effect.acquireRelease(
    Effect.sync(() => mkdtempSync(join(tmpdir(), "hf-"))),
    (folder) => Effect.sync(() => rmSync(folder, { recursive: true, force: true }))
  )
  const runtime = join(folder, "run")
  const state = join(folder, "state")
  mkdirSync(state)
  const env = { HOLDFAST_RUNTIME_DIR: runtime, XDG_STATE_HOME: state }
  yield* Effect.addFinalizer(() => Effect.andThen(killAll(runtime), Effect.promise(() => gone(runtime))))

  const withEnv = (options: CliOptions = {}): CliOptions => ({ ...options, env: { ...env, ...options.env } })
  const report = (name: string): Effect.Effect<DaemonReport> =>
    Effect.map(run(["status", name, "--json"], withEnv()), ({ stdout }) => JSON.parse(stdout) as DaemonReport)
  return {
    folder,
    runtime,
    config: (name, toml) => {
      const path = join(folder, name)
      writeFileSync(path, toml)
      return path
    },
    run: (args, options) => run(args, withEnv(options)),
    start: (args, options) => start(args, withEnv(options)),
    report,
    until: (name, condition) => Effect.repeat(report(name), { until: condition }),
    log: (name) => {
      const path = join(state, "holdfast", `${name}.log`)
      return existsSync(path) ? readFileSync(path, "utf8") : ""
    },
    runtimeFiles: () => existsSync(runtime) ? readdirSync(runtime).toSorted() : []
  }
})

/** The pids that pidfiles name, as far as they are processes of ours: their command line says so. */
const pids = (runtime: string): ReadonlyArray<number> =>
  (existsSync(runtime) ? readdirSync(runtime) : [])
    .filter((file) => file.endsWith(".pid"))
    .map((file) => Number(readFileSync(join(runtime, file), "utf8").split("\n")[0]))
    .filter((pid) => pid > 1 && isHoldfast(pid))

const isHoldfast = (pid: number): boolean => {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").startsWith("holdfast") ||
      readFileSync(`/proc/${pid}/cmdline`, "utf8").includes("daemon-")
  } catch {
    return false
  }
}

const killAll = (runtime: string) =>
  Effect.sync(() => {
    for (const pid of pids(runtime)) {
      try {
        process.kill(pid, "SIGKILL")
      } catch {
        // It has ended meanwhile.
      }
    }
  })

const gone = async (runtime: string): Promise<void> => {
  while (pids(runtime).length > 0) await new Promise((resolve) => setTimeout(resolve, 10))
}

/** A connection of this config. */
export const connection = (name: string, url: string, more = ""): string =>
  `[connections.${name}]\nurl = ${JSON.stringify(url)}\n${more}\n`

/** Whether there is such a process. */
export const exists = (pid: number): boolean => {
  try {
    process.kill(pid, 0)
    return !/^\d+ \(.*\) [ZX]/.test(readFileSync(`/proc/${pid}/stat`, "utf8"))
  } catch {
    return false
  }
}
