/**
 * Keeps systemd informed of a fleet: READY after the first open, STATUS on each
 * transition, WATCHDOG only while the loop and the heartbeats live.
 *
 * The loop: a stalled one fires no timer, so that nothing is said. The
 * heartbeats: see `overdue`.
 */
import * as Config from "effect/Config"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { ChildProcessSpawner } from "effect/process/ChildProcessSpawner"
import * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { ConnectionReport } from "../fleet/ConnectionReport.ts"
import { Fleet } from "../fleet/Fleet.ts"
import { overdue } from "../fleet/overdue.ts"
import { Output } from "../output.ts"
import { notify } from "./notify.ts"
import { statusLine } from "./statusLine.ts"

/** Transitions within that time are told together. */
const together = Duration.millis(250)

/** Informs systemd for the life of the scope; does nothing where systemd did not ask for it. */
export const notifier: Effect.Effect<void, never, Fleet | Output | ChildProcessSpawner | Scope.Scope> = Effect.gen(
  function*() {
    const { socket, watchdog } = yield* asked
    if (Option.isNone(socket)) return
    yield* Effect.forkScoped(statuses)
    if (Option.isSome(watchdog)) yield* Effect.forkScoped(watch(watchdog.value))
    yield* Effect.addFinalizer(() => Effect.asVoid(notify(["STOPPING=1", "STATUS=closing"])))
  }
)

/** Whether every connection was open once or is closed for good, and at least one was open. */
export const isReady = (reports: ReadonlyArray<ConnectionReport>): boolean =>
  reports.length === 0 ||
  (reports.every(({ sessions, state }) => sessions > 0 || state === "Closed") &&
    reports.some(({ sessions }) => sessions > 0))

const statuses = Effect.gen(function*() {
  const fleet = yield* Fleet
  const output = yield* Output
  let ready = false
  let told = ""
  const tell = Effect.gen(function*() {
    const reports = yield* fleet.reports
    const becomes = !ready && isReady(reports)
    const line = statusLine(reports)
    if (!becomes && line === told) return
    const heard = yield* notify([...(becomes ? ["READY=1" as const] : []), `STATUS=${line}`])
    if (!heard && told === "") {
      yield* output.note(
        "warn",
        "systemd",
        "systemd wants to be told that this service is ready, but systemd-notify cannot tell it; " +
          "check that the program is there, and that the unit says NotifyAccess=all"
      )
    }
    ready ||= becomes
    told = line
  })
  yield* fleet.activity.pipe(
    Stream.filter(({ event }) => transitions.has(event._tag)),
    Stream.map(() => undefined),
    // What was there before anybody looked.
    (transitions) => Stream.concat(Stream.succeed(undefined), transitions),
    Stream.buffer({ capacity: 1, strategy: "sliding" }),
    Stream.runForEach(() => Effect.andThen(tell, Effect.sleep(together)))
  )
})

const transitions: ReadonlySet<string> = new Set(["Dialling", "Opened", "Disconnected", "WaitScheduled", "Closed"])

/** Twice in the time that systemd gives. */
const watch = (limit: Duration.Duration) =>
  Effect.gen(function*() {
    const fleet = yield* Fleet
    const output = yield* Output
    const names = overdue(yield* fleet.reports)
    if (names.length === 0) return yield* Effect.asVoid(notify(["WATCHDOG=1"]))
    yield* output.note(
      "error",
      "watchdog",
      `The heartbeat of ${names.join(", ")} is dead: it should have ended a silent session. The watchdog is not fed.`,
      { connections: names }
    )
  }).pipe(Effect.schedule(Schedule.spaced(Duration.times(limit, 0.5))))

/** What systemd says in the environment; another process's words are not for us. */
const asked = Effect.gen(function*() {
  const socket = yield* Config.option(Config.String("NOTIFY_SOCKET"))
  const micros = yield* Config.option(Config.Int("WATCHDOG_USEC"))
  const pid = yield* Config.option(Config.Int("WATCHDOG_PID"))
  const ours = Option.isNone(pid) || pid.value === process.pid
  return {
    socket,
    watchdog: ours ? Option.map(Option.filter(micros, (n) => n > 0), (n) => Duration.micros(BigInt(n))) : Option.none()
  }
}).pipe(Effect.orElseSucceed(() => ({ socket: Option.none<string>(), watchdog: Option.none<Duration.Duration>() })))
