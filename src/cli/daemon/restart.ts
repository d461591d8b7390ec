/**
 * `holdfast restart`: ends a daemon, and starts it as it was started.
 */
import * as Effect from "effect/Effect"
import type * as FileSystem from "effect/FileSystem"
import type * as Path from "effect/Path"
import type { ChildProcessSpawner } from "effect/process/ChildProcessSpawner"
import { load } from "../config/load.ts"
import type { CliFailure } from "../failure.ts"
import type { Output } from "../output.ts"
import { configOf, find, isFile } from "./daemons.ts"
import { start } from "./start.ts"
import { end } from "./stop.ts"

/** What `restart` is told. */
export interface RestartInput {
  readonly target: string
  readonly wait: number | undefined
  readonly timeout: number
  readonly force: boolean
  readonly runtimeDir: string | undefined
}

type Needs = FileSystem.FileSystem | Path.Path | ChildProcessSpawner | Output

/** One that is not running is started. A config that is broken leaves the daemon as it is. */
export const restart = ({ force, runtimeDir, target, timeout, wait }: RestartInput): Effect.Effect<
  void,
  CliFailure,
  Needs
> =>
  Effect.gen(function*() {
    const candidate = yield* find(target, runtimeDir)
    const known = yield* Effect.result(configOf(candidate))
    if (known._tag === "Failure" && !isFile(target)) return yield* Effect.fail(known.failure)
    const launch = known._tag === "Success" ? known.success : { config: target }
    yield* load(launch.config)
    yield* Effect.catchIf(
      end(candidate, { force, timeout }),
      ({ exit }) => exit === "notRunning",
      () => Effect.void
    )
    yield* start({
      config: launch.config,
      wait,
      http: launch.http,
      connections: launch.connections ?? [],
      runtimeDir: candidate.place.folder
    })
  })
