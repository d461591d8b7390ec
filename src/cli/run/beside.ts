/**
 * What watches and steers a running service from outside.
 */
import * as Effect from "effect/Effect"
import type * as FileSystem from "effect/FileSystem"
import type { ChildProcessSpawner } from "effect/process/ChildProcessSpawner"
import type * as Scope from "effect/Scope"
import type { RunConfig } from "../config/RunConfig.ts"
import { type ControlAddress, serveControl } from "../daemon/controlServer.ts"
import type { CliFailure } from "../failure.ts"
import type { Applied, Fleet } from "../fleet/Fleet.ts"
import type { Output } from "../output.ts"
import { notifier } from "../systemd/notifier.ts"

/** What the service is told beside its config. */
export interface ServiceOptions {
  /** `HOST:PORT` of the page, in place of what the config says. */
  readonly http?: string | undefined
  /** Where to be asked; nowhere where it is not given. */
  readonly control?: ControlAddress | undefined
  /** The names of the connections to keep; default all. */
  readonly connections?: ReadonlyArray<string> | undefined
}

/** What can be done to a running service. */
export interface Steering {
  readonly config: RunConfig
  readonly options: ServiceOptions
  /** Succeeds when the connections of the config are those of the fleet. */
  readonly applied: Effect.Effect<void>
  /** Reads the config again, and applies it. */
  readonly reload: Effect.Effect<Applied, CliFailure>
  /** Begins to end, as after SIGTERM. */
  readonly stop: Effect.Effect<unknown>
}

/** Starts it for the life of the scope, before the first connection dials. */
export const beside = (
  { applied, config, options, reload, stop }: Steering
): Effect.Effect<
  void,
  CliFailure,
  Fleet | Output | FileSystem.FileSystem | ChildProcessSpawner | Scope.Scope
> =>
  Effect.gen(function*() {
    yield* notifier
    if (options.control === undefined) return
    yield* serveControl(options.control, {
      name: config.name,
      config: config.file,
      http: options.http,
      applied,
      reload,
      stop: Effect.asVoid(stop)
    })
  })
