/**
 * What watches and steers a running service from outside.
 */
import type * as Effect from "effect/Effect"
import type { ChildProcessSpawner } from "effect/process/ChildProcessSpawner"
import type * as Scope from "effect/Scope"
import type { RunConfig } from "../config/RunConfig.ts"
import type { CliFailure } from "../failure.ts"
import type { Applied, Fleet } from "../fleet/Fleet.ts"
import type { Output } from "../output.ts"
import { notifier } from "../systemd/notifier.ts"

/** What the service is told beside its config. */
export interface ServiceOptions {
  /** `HOST:PORT` of the page, in place of what the config says. */
  readonly http?: string | undefined
  /** The path of the control socket; none is served where it is not given. */
  readonly control?: string | undefined
  /** The names of the connections to keep; default all. */
  readonly connections?: ReadonlyArray<string> | undefined
}

/** What can be done to a running service. */
export interface Steering {
  readonly config: RunConfig
  readonly options: ServiceOptions
  /** Reads the config again, and applies it. */
  readonly reload: Effect.Effect<Applied, CliFailure>
  /** Begins to end, as after SIGTERM. */
  readonly stop: Effect.Effect<unknown>
}

/** Starts it for the life of the scope, before the first connection dials. */
export const beside = (
  _steering: Steering
): Effect.Effect<void, CliFailure, Fleet | Output | ChildProcessSpawner | Scope.Scope> => notifier
