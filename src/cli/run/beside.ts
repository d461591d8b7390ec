/**
 * What watches and steers a running service from outside: systemd, the page and
 * the control socket. Each is loaded where it is asked for.
 */
import * as Effect from "effect/Effect"
import type * as FileSystem from "effect/FileSystem"
import type { ChildProcessSpawner } from "effect/process/ChildProcessSpawner"
import type * as Scope from "effect/Scope"
import type { RunConfig } from "../config/RunConfig.ts"
import { addressOf } from "../config/settings.ts"
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

/** Tells systemd, and serves the page; both for the life of the scope, and before the first dial. Gives the page's url. */
export const watched = (
  config: RunConfig,
  options: ServiceOptions
): Effect.Effect<string | undefined, CliFailure, Fleet | Output | ChildProcessSpawner | Scope.Scope> =>
  Effect.gen(function*() {
    yield* notifier
    const given = options.http === undefined ? undefined : addressOf(options.http)
    const { http } = config.settings
    const address = given ?? http
    if (address === undefined) return undefined
    const { serve } = yield* Effect.promise(() => import("../page/server.ts"))
    const page = yield* serve({ host: address.host, port: address.port, token: http?.token })
    const output = yield* Output
    yield* output.note("info", "page", `the page is at ${page.address}`, { url: page.address })
    return page.address
  })

/** What can be done to a running service. */
export interface Steering {
  readonly config: RunConfig
  readonly control: ControlAddress | undefined
  /** The page's url. */
  readonly page: string | undefined
  /** Reads the config again, and applies it. */
  readonly reload: Effect.Effect<Applied, CliFailure>
  /** Begins to end, as after SIGTERM. */
  readonly stop: Effect.Effect<unknown>
}

/** Answers on the control socket, for the life of the scope; what it tells is about connections that have begun. */
export const steered = (
  { config, control, page, reload, stop }: Steering
): Effect.Effect<void, CliFailure, Fleet | FileSystem.FileSystem | ChildProcessSpawner | Scope.Scope> =>
  control === undefined ? Effect.void : Effect.flatMap(
    Effect.promise(() => import("../daemon/controlServer.ts")),
    ({ serveControl }) =>
      serveControl(control, {
        name: config.name,
        config: config.file,
        http: page,
        reload,
        stop: Effect.asVoid(stop)
      })
  )
