// A folder with a config that a test writes and rewrites, and `holdfast run` on it.
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { type CliOptions, type CliProcess, start } from "./cliProcess.ts"
import { folder } from "./workbench.ts"

export interface ConfigFolder {
  readonly path: string
  readonly file: string
  readonly write: (config: object | string) => void
  readonly run: (options?: CliOptions, ...flags: ReadonlyArray<string>) => Effect.Effect<CliProcess, never, Scope.Scope>
}

/** The config is JSON, which data becomes by itself. */
export const make = (config: object | string): Effect.Effect<ConfigFolder, never, Scope.Scope> =>
  Effect.map(folder, (path) => {
    const file = join(path, "feeds.json")
    const write = (config: object | string) =>
      writeFileSync(file, typeof config === "string" ? config : JSON.stringify(config))
    write(config)
    return { path, file, write, run: (options, ...flags) => start(["run", file, ...flags], { cwd: path, ...options }) }
  })

/** What every test's connections have: quick redials. */
export const quick = { reconnect: { first: "20 ms", base: "20 ms", cap: "50 ms" } }
