/**
 * What a supervisor answers: what it knows itself, and what it asks its worker.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import { type CliFailure, failure } from "../failure.ts"
import { version } from "../version.ts"
import type { Order } from "./launch.ts"
import type { LogFile } from "./logFile.ts"
import type { DaemonReport, Handlers, Reply, Request } from "./protocol.ts"
import type { Shifts } from "./shifts.ts"
import { iso } from "./time.ts"

/** How long a worker may take to tell how it is, milliseconds. */
const patience = 2500

/** Handlers over these workers. */
export const supervisorHandlers = (options: {
  readonly order: Order
  readonly workers: Shifts
  readonly log: LogFile
  readonly stop: Effect.Effect<unknown>
}): Effect.Effect<Handlers> =>
  Effect.gen(function*() {
    const { log, order, stop, workers } = options
    const born = yield* Clock.currentTimeMillis
    let stopping = false

    const forward = <Tag extends Request["_tag"]>(
      request: Extract<Request, { readonly _tag: Tag }>
    ): Effect.Effect<Reply<Tag>, CliFailure> =>
      Effect.suspend(() => {
        const worker = workers.worker()
        if (worker !== undefined) return worker.client.ask(request)
        const { last } = workers.report()
        return Effect.fail(failure(
          "notRunning",
          `"${order.name}" has no worker at the moment${last === undefined ? "" : `. ${last.message}`}`,
          `Try again; holdfast status ${order.name} tells when it is started again.`
        ))
      })

    /** The worker's report; none while there is none, or where it is stuck. */
    const inner: Effect.Effect<DaemonReport | "silent" | undefined> = Effect.suspend(() =>
      workers.worker() === undefined ? Effect.succeed(undefined) : forward({ _tag: "Status" }).pipe(
        Effect.timeoutOrElse({ duration: patience, orElse: () => Effect.succeed("silent" as const) }),
        Effect.orElseSucceed(() => undefined)
      )
    )
    const report: Effect.Effect<DaemonReport> = Effect.gen(function*() {
      const told = yield* inner
      const now = yield* Clock.currentTimeMillis
      return {
        name: order.name,
        state: stopping ? "stopping" : told === "silent" ? "unresponsive" : workers.state(),
        version,
        pid: process.pid,
        since: iso(born),
        uptime: now - born,
        config: order.config,
        http: typeof told === "object" ? told.http : undefined,
        worker: workers.report(),
        log: { file: log.file, ...log.lost() },
        connections: typeof told === "object" ? told.connections : []
      }
    })

    return {
      Status: () => report,
      Started: () => Effect.as(workers.started, {}),
      Stop: () => {
        stopping = true
        return Effect.as(stop, {})
      },
      Reload: forward,
      Send: forward,
      Reconnect: forward,
      Close: forward
    }
  })
