/**
 * What watches and steers a running service from outside: systemd, the page and
 * the control socket. Each is loaded where it is asked for.
 */
import * as Effect from "effect/Effect"
import type * as FileSystem from "effect/FileSystem"
import type { ChildProcessSpawner } from "effect/process/ChildProcessSpawner"
import type * as Scope from "effect/Scope"
import * as Address from "../address.ts"
import type { RunConfig } from "../config/RunConfig.ts"
import type { ControlAddress } from "../daemon/controlServer.ts"
import type { CliFailure } from "../failure.ts"
import type { Applied, Fleet } from "../fleet/Fleet.ts"
import { Output } from "../output.ts"
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
): Effect.Effect<void, CliFailure, Fleet | Output | FileSystem.FileSystem | ChildProcessSpawner | Scope.Scope> =>
  Effect.gen(function*() {
    yield* notifier
    const http = yield* page(config, options)
    if (options.control === undefined) return
    const { serveControl } = yield* Effect.promise(() => import("../daemon/controlServer.ts"))
    yield* serveControl(options.control, {
      name: config.name,
      config: config.file,
      http,
      applied,
      reload,
      stop: Effect.asVoid(stop)
    })
  })

/** Serves the page where it is wanted, and gives its url. */
const page = (
  config: RunConfig,
  options: ServiceOptions
): Effect.Effect<string | undefined, CliFailure, Fleet | Output | Scope.Scope> =>
  Effect.gen(function*() {
    const { http } = config.settings
    const address = options.http === undefined ? http : Address.parse(options.http)
    if (address === undefined) return undefined
    const { serve } = yield* Effect.promise(() => import("../page/server.ts"))
    const served = yield* serve({ host: address.host, port: address.port, token: http?.token })
    const output = yield* Output
    yield* output.note("info", "page", `the page is at ${served.address}`, { url: served.address })
    return served.address
  })
