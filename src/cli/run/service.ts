/**
 * Keeps the connections of a config alive until they are closed for good, or
 * until somebody says that it is enough.
 */
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as FiberSet from "effect/FiberSet"
import type * as FileSystem from "effect/FileSystem"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import type * as Path from "effect/Path"
import type { ChildProcessSpawner } from "effect/process/ChildProcessSpawner"
import * as Scope from "effect/Scope"
import * as Semaphore from "effect/Semaphore"
import type * as Stdio from "effect/Stdio"
import * as Stream from "effect/Stream"
import { fingerprint } from "../config/fingerprint.ts"
import { load } from "../config/load.ts"
import type { RunConfig } from "../config/RunConfig.ts"
import type { CliFailure } from "../failure.ts"
import { type Applied, Fleet } from "../fleet/Fleet.ts"
import { make } from "../fleet/make.ts"
import { Output } from "../output.ts"
import { Signals } from "../signals.ts"
import { attacher } from "./attach.ts"
import { beside, type ServiceOptions } from "./beside.ts"
import { chosen } from "./chosen.ts"
import { noteOf } from "./transitions.ts"
import { Workshop } from "./workshop.ts"

/** What the service needs. */
export type ServiceNeeds =
  | Output
  | Signals
  | FileSystem.FileSystem
  | Path.Path
  | ChildProcessSpawner
  | Stdio.Stdio

/**
 * Lives until all connections are closed for good, and fails with the first cause
 * then; or until it is interrupted, or asked to end, closes all with 1001 then, and
 * writes out what its sinks hold.
 */
export const service = (
  config: RunConfig,
  options: ServiceOptions = {}
): Effect.Effect<void, CliFailure, ServiceNeeds> =>
  Effect.scoped(Effect.gen(function*() {
    const signals = yield* Signals
    yield* signals.endsWell

    const over = yield* Deferred.make<void, CliFailure>()
    const made = yield* Deferred.make<Fleet["Service"]>()
    const reopeners = new Set<() => void>()
    const workshop = Workshop.of({
      send: (connection, message) => Effect.flatMap(Deferred.await(made), (fleet) => fleet.send(connection, message)),
      giveUp: (cause) => Effect.asVoid(Deferred.fail(over, cause)),
      onReopen: (reopen) => {
        reopeners.add(reopen)
        return () => reopeners.delete(reopen)
      }
    })
    // Sinks are older than the fleet: they close after the last connection has.
    const attach = yield* attacher.pipe(
      Effect.provideService(Workshop, workshop),
      Effect.provide(FetchHttpClient.layer)
    )
    const { fleet, scope } = yield* fleetWithNotes
    yield* Deferred.succeed(made, fleet)
    yield* Effect.addFinalizer(() => Scope.close(scope, Exit.void))

    const applyConfig = (wanted: RunConfig): Effect.Effect<Applied, CliFailure> =>
      Effect.flatMap(chosen(wanted, options.connections), (plans) => fleet.apply(plans.map(attach)))
    const reload = yield* reloader(config, applyConfig)
    yield* signals.onHangup(yield* hangup(reload, reopeners))

    const applied = yield* Deferred.make<void>()
    yield* Effect.provideService(
      beside({
        config,
        options,
        applied: Deferred.await(applied),
        reload,
        stop: Deferred.succeed(over, undefined)
      }),
      Fleet,
      fleet
    )
    yield* applyConfig(config)
    yield* Deferred.succeed(applied, undefined)
    yield* Effect.raceFirst(fleet.ended, Deferred.await(over))
  }))

/** Loads the config again; where it is broken, all stays as it is. One at a time. */
const reloader = Effect.fnUntraced(function*(
  config: RunConfig,
  apply: (config: RunConfig) => Effect.Effect<Applied, CliFailure>
) {
  const output = yield* Output
  const context = yield* Effect.context<FileSystem.FileSystem | Path.Path>()
  const oneAtATime = yield* Semaphore.make(1)
  return oneAtATime.withPermit(
    Effect.gen(function*() {
      const next = yield* load(config.file)
      const applied = yield* apply(next)
      if (fingerprint(next.settings) !== fingerprint(config.settings)) {
        yield* output.note(
          "warn",
          "restart-needed",
          "http, log or daemon is not what it was when this process began; that takes effect with a restart"
        )
      }
      yield* output.note("info", "reloaded", `reloaded ${config.file}: ${summary(applied)}`, { ...applied })
      return applied
    }).pipe(
      Effect.tapError(({ message }) =>
        output.note("error", "reload-refused", `not reloaded, everything stays as it is: ${message}`)
      ),
      Effect.provideContext(context)
    )
  )
})

/** What SIGHUP does. */
const hangup = (
  reload: Effect.Effect<Applied, CliFailure>,
  reopeners: ReadonlySet<() => void>
): Effect.Effect<() => void, never, Scope.Scope> =>
  Effect.gen(function*() {
    const fibers = yield* FiberSet.make()
    // With the loggers of the command: what a new connection warns of is a note.
    const run = yield* FiberSet.runtime(fibers)()
    return () => {
      for (const reopen of reopeners) reopen()
      run(Effect.ignore(reload))
    }
  })

/** A fleet in a scope of its own, and what it does as notes, until after that scope was closed. */
const fleetWithNotes = Effect.gen(function*() {
  const output = yield* Output
  const scope = yield* Scope.make()
  const fleet = yield* Scope.provide(make, scope)
  yield* fleet.activity.pipe(
    Stream.runForEach((happened) => {
      const note = noteOf(happened)
      return note === undefined ? Effect.void : output.note(note.level, note.event, note.message, note.fields)
    }),
    Effect.forkScoped({ startImmediately: true })
  )
  // What happens at the very end is told as well.
  yield* Effect.addFinalizer(() => Effect.sleep(0))
  return { fleet, scope }
})

const summary = ({ added, changed, removed, unchanged }: Applied): string =>
  Object.entries({ added, changed, removed, unchanged })
    .filter(([, names]) => names.length > 0)
    .map(([what, names]) => names.length > 5 ? `${names.length} ${what}` : `${names.join(", ")} ${what}`)
    .join("; ")
