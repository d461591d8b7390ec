/**
 * One worker after another: a crashed one is followed by the next, until one
 * ends for a reason of its own or the limit is reached.
 */
import * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import type * as FileSystem from "effect/FileSystem"
import type { ChildProcessSpawner } from "effect/process/ChildProcessSpawner"
import type { CliFailure } from "../failure.ts"
import * as identity from "./identity.ts"
import * as pidFile from "./pidFile.ts"
import { failureOfEnd, isCrash } from "./processEnd.ts"
import type { DaemonReport, ProcessEnd } from "./protocol.ts"
import { type RestartLimits, Restarts } from "./restarts.ts"
import { iso } from "./time.ts"
import { startWorker, type WorkerOptions, type WorkerProcess } from "./workerProcess.ts"

/** What the supervisor knows of its workers. */
export interface Shifts {
  /** The worker, once it answers. */
  readonly worker: () => WorkerProcess | undefined
  readonly state: () => DaemonReport["state"]
  readonly report: () => NonNullable<DaemonReport["worker"]>
  /** How the first handshakes went. */
  readonly started: Effect.Effect<void, CliFailure>
  /** Runs them, and says how the last one ended. */
  readonly run: Effect.Effect<LastShift, never, FileSystem.FileSystem | ChildProcessSpawner>
}

/** The end of it all. */
export interface LastShift {
  readonly end: ProcessEnd
  /** Whether it crashed more often than allowed. */
  readonly tooOften: boolean
}

/** Who is told of what happens. */
export type Tell = (level: "info" | "warn" | "error", event: string, message: string, fields?: object) => void

/** Workers that are not running yet. */
export const make = Effect.fnUntraced(function*(
  options: WorkerOptions & { readonly limits: RestartLimits; readonly pidFile: string; readonly tell: Tell }
) {
  const restarts = new Restarts(options.limits)
  const started = yield* Deferred.make<void, CliFailure>()
  let current: WorkerProcess | undefined
  let since: string | undefined
  let answers = false
  let state: DaemonReport["state"] = "starting"
  let nextStartAt: string | undefined
  let last: ProcessEnd | undefined

  /** What is asked of a worker at its beginning. That it ended before it could answer is judged by its end. */
  const welcome = (worker: WorkerProcess) =>
    Effect.gen(function*() {
      yield* worker.client.ask({ _tag: "Status" })
      answers = true
      const result = yield* Effect.result(worker.client.ask({ _tag: "Started" }))
      if (result._tag === "Failure" && result.failure.exit === "notRunning") return
      if (current === worker) state = "running"
      yield* result._tag === "Success"
        ? Deferred.succeed(started, undefined)
        : Deferred.fail(started, result.failure)
    }).pipe(Effect.ignore)

  const shift = Effect.scoped(Effect.gen(function*() {
    const begun = yield* Clock.currentTimeMillis
    let known: identity.Identity | undefined = undefined as identity.Identity | undefined
    yield* Effect.addFinalizer(() => known === undefined ? Effect.void : pidFile.remove(options.pidFile, known))
    const worker = yield* startWorker(options)
    current = worker
    since = iso(begun)
    nextStartAt = undefined
    state = "starting"
    known = yield* identity.identify(worker.pid)
    if (known !== undefined) yield* Effect.ignore(pidFile.write(options.pidFile, known))
    options.tell("info", "worker-started", `the worker runs (pid ${worker.pid})`, { pid: worker.pid })
    yield* Effect.forkScoped(welcome(worker))
    const end = yield* worker.ended
    const wasRunning = answers
    current = undefined
    since = undefined
    answers = false
    last = end
    return { end, wasRunning, lasted: (yield* Clock.currentTimeMillis) - begun }
  }))

  const run = Effect.gen(function*() {
    let everAnswered = false
    for (;;) {
      const { end, lasted, wasRunning } = yield* shift
      everAnswered ||= wasRunning
      if (!isCrash(end, everAnswered)) return { end, tooOften: false }
      const now = yield* Clock.currentTimeMillis
      const pause = restarts.crashed(now, lasted)
      if (pause === undefined) return { end, tooOften: true }
      state = "restarting"
      nextStartAt = iso(now + pause)
      options.tell("error", "worker-crashed", `${end.message} It is started again in ${pause} ms.`, {
        code: end.code,
        signal: end.signal,
        restarts: restarts.count
      })
      yield* Effect.sleep(pause)
    }
  }).pipe(Effect.tap(({ end }) => Deferred.fail(started, failureOfEnd(end))))

  const shifts: Shifts = {
    worker: () => answers ? current : undefined,
    state: () => state,
    report: () => ({ pid: current?.pid, since, restarts: restarts.count, nextStartAt, last }),
    started: Deferred.await(started),
    run
  }
  return shifts
})
