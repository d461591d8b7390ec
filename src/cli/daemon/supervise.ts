/**
 * The supervisor of a daemon: holds the control socket, which is the lock, keeps
 * a worker running, and writes its log. It is small, so that it has little reason
 * to fail, and answers while a worker is started again.
 */
import * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import type * as FileSystem from "effect/FileSystem"
import type * as Path from "effect/Path"
import type { ChildProcessSpawner } from "effect/process/ChildProcessSpawner"
import type * as Scope from "effect/Scope"
import { dirname, join } from "node:path"
import { load } from "../config/load.ts"
import type { CliFailure } from "../failure.ts"
import { Signals } from "../signals.ts"
import { claim } from "./claim.ts"
import { serveOn } from "./controlServer.ts"
import * as lastEnd from "./lastEnd.ts"
import { argumentOf, type Order, readOrder } from "./launch.ts"
import { report } from "./launchReport.ts"
import * as logFile from "./logFile.ts"
import { endOrphan } from "./orphan.ts"
import { placeIn } from "./place.ts"
import { parse } from "./processEnd.ts"
import { defaultLimits } from "./restarts.ts"
import * as shifts from "./shifts.ts"
import { supervisorHandlers } from "./supervisorHandlers.ts"
import { iso } from "./time.ts"

type Needs = FileSystem.FileSystem | Path.Path | ChildProcessSpawner | Signals

/** Runs until it is told to end, or until there is nothing left to keep running. */
export const supervise = (argument: string): Effect.Effect<void, CliFailure, Needs> =>
  Effect.gen(function*() {
    const order = yield* readOrder(argument)
    process.title = `holdfast ${order.name}`
    // What is written here is nobody else's business.
    process.umask(0o077)
    yield* Effect.scoped(Effect.tapError(daemon(order), report))
  })

const daemon = (order: Order): Effect.Effect<void, CliFailure, Needs | Scope.Scope> =>
  Effect.gen(function*() {
    const signals = yield* Signals
    yield* signals.endsWell
    // Until there is a log to reopen: by then it must not be the end of us.
    yield* signals.onHangup(() => undefined)
    const place = placeIn(order.folder, order.name)
    const { settings } = yield* load(order.config)
    const clock = yield* Clock.clockWith(Effect.succeed)
    const log = yield* logFile.make({ ...settings.log, file: order.log, ndjson: true })
    const output = yield* logFile.make({ ...settings.log, file: outputFile(order.log), ndjson: false })
    const tell: shifts.Tell = (level, event, message, fields) => {
      const line = { at: iso(clock.currentTimeMillisUnsafe()), level, event, message, ...fields }
      log.write(Buffer.from(`${JSON.stringify(line)}\n`))
    }

    const launch = { config: order.config, http: order.http, connections: order.connections }
    const { leavePidFile, server } = yield* claim(place, launch)
    yield* lastEnd.remove(place.lastEnd)
    yield* endOrphan(place, (pid) => {
      tell("warn", "orphan", `the worker of the daemon before is still ending (pid ${pid})`, { pid })
    })

    const workers = yield* shifts.make({
      args: ["--json", "--verbose", "daemon-worker", argumentOf(order)],
      limits: { ...defaultLimits, ...defined(settings.daemon?.restart ?? {}) },
      pidFile: place.workerPidFile,
      tell,
      onStdout: output.write,
      onStderr: (line) => {
        if (parse(line) === undefined) tell("error", "stderr", line)
        else log.write(Buffer.from(`${line}\n`))
      }
    })
    const stop = yield* Deferred.make<undefined>()
    const handlers = yield* supervisorHandlers({ order, workers, log, stop: Deferred.succeed(stop, undefined) })
    yield* serveOn(server, handlers)
    yield* signals.onHangup(() => {
      log.reopen()
      output.reopen()
      workers.worker()?.kill("SIGHUP")
    })
    tell("info", "daemon-started", `"${order.name}" runs (pid ${process.pid})`, { pid: process.pid })
    yield* report({ claimed: process.pid })

    const last = yield* Effect.raceFirst(workers.run, Deferred.await(stop)).pipe(
      Effect.onInterrupt(() => Effect.sync(() => tell("info", "daemon-stopping", `"${order.name}" is told to end`)))
    )
    if (last === undefined || last.end.code === 0) return tell("info", "daemon-stopped", `"${order.name}" has ended`)
    const why = last.tooOften
      ? `It is not started again: it was, ${workers.report().restarts} times. The last time: ${last.end.message}`
      : last.end.message
    tell("error", "daemon-ended", why, { code: last.end.code, signal: last.end.signal })
    leavePidFile()
    const { restarts } = workers.report()
    yield* lastEnd.write(place.lastEnd, { end: last.end, message: why, restarts, config: order.config, log: order.log })
  })

/** Beside the log: what sinks write to stdout. */
const outputFile = (log: string): string =>
  join(dirname(log), `${log.slice(dirname(log).length + 1).replace(/\.log$/, "")}.out`)

const defined = <A extends object>(settings: A): { readonly [K in keyof A]: Exclude<A[K], undefined> } =>
  Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined)) as {
    readonly [K in keyof A]: Exclude<A[K], undefined>
  }
