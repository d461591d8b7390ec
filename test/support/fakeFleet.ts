// Connections that only say that they are: what reports and events a test wants, and a record of what was asked of them.
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as PubSub from "effect/PubSub"
import * as Stream from "effect/Stream"
import type { ConnectionReport } from "../../src/cli/fleet/ConnectionReport.ts"
import { type Activity, Fleet, UnknownConnection } from "../../src/cli/fleet/Fleet.ts"
import { endingOf } from "../../src/cli/fleet/recorder.ts"
import { type Happening, happeningOf } from "../../src/cli/page/happening.ts"
import { AbnormalClosure, ConnectFailed, ConnectionError } from "../../src/ConnectionError.ts"
import type { ConnectionEvent } from "../../src/ConnectionEvent.ts"
import { retry } from "../../src/Recovery.ts"

export interface FakeFleet {
  readonly fleet: Fleet["Service"]
  /** Exchanges what is reported of a connection, or adds it. */
  readonly report: (name: string, report?: Partial<ConnectionReport>) => void
  readonly remove: (name: string) => void
  readonly happens: (connection: string, event: ConnectionEvent) => Effect.Effect<void>
  /** What was sent, as `NAME message`. */
  readonly sent: ReadonlyArray<string | Uint8Array>
  readonly asked: ReadonlyArray<string>
  /** How often reports were asked for. */
  readonly looked: () => number
  /** What becomes of sends from now on. */
  readonly sends: (how: Effect.Effect<void, ConnectionError>) => void
}

export const reportOf = (name: string, report: Partial<ConnectionReport> = {}): ConnectionReport => ({
  name,
  state: "Open",
  since: "2026-01-01T00:00:00.000Z",
  endpoint: `wss://feed.example/${name}`,
  session: 1,
  sessions: 1,
  attempt: 1,
  dials: 1,
  received: { messages: 0, bytes: 0 },
  sent: { messages: 0, bytes: 0 },
  dropped: 0,
  paused: false,
  at: "2026-01-01T00:00:00.000Z",
  ...report
})

export const lost = (): ConnectionError =>
  new ConnectionError({ reason: new AbnormalClosure({}), attempt: 1, endpoint: "wss://feed.example/" })

export const refused = (): ConnectionError =>
  new ConnectionError({
    reason: new ConnectFailed({ phase: "tcp", code: "ECONNREFUSED", detail: "connection refused" }),
    attempt: 2,
    endpoint: "wss://feed.example/"
  })

export const make: Effect.Effect<FakeFleet> = Effect.gen(function*() {
  const reports = new Map<string, ConnectionReport>()
  const activity = yield* PubSub.unbounded<Activity>()
  const sent: Array<string | Uint8Array> = []
  const asked: Array<string> = []
  let looked = 0
  let how: Effect.Effect<void, ConnectionError> = Effect.void
  const find = (name: string) =>
    Effect.suspend(() => {
      const report = reports.get(name)
      return report === undefined
        ? Effect.fail(new UnknownConnection({ name, known: [...reports.keys()] }))
        : Effect.succeed(report)
    })
  const ask = (what: string) => (name: string) =>
    Effect.map(find(name), () => {
      asked.push(`${what} ${name}`)
    })
  return {
    fleet: Fleet.of({
      reports: Effect.sync(() => {
        looked++
        return [...reports.values()]
      }),
      report: find,
      activity: Stream.fromPubSub(activity),
      send: (name, message) =>
        Effect.andThen(find(name), Effect.tap(Effect.suspend(() => how), () => Effect.sync(() => sent.push(message)))),
      reconnect: ask("reconnect"),
      close: ask("close"),
      apply: () => Effect.succeed({ added: [], changed: [], removed: [], unchanged: [] }),
      started: Effect.void,
      ended: Effect.never
    }),
    report: (name, report) => void reports.set(name, { ...(reports.get(name) ?? reportOf(name)), ...report }),
    remove: (name) => void reports.delete(name),
    happens: (connection, event) => Effect.asVoid(PubSub.publish(activity, { connection, event })),
    sent,
    asked,
    looked: () => looked,
    sends: (effect) => {
      how = effect
    }
  }
})

/** The event as the page is told. */
export const happening = (event: ConnectionEvent): Happening => {
  const told = happeningOf(event, endingOf)
  if (told === undefined) throw new Error(`the page is not told of ${event._tag}`)
  return told
}

const at = (millis: number) => DateTime.makeUnsafe(millis)

export const events = {
  dialling: (millis: number, attempt = 1): ConnectionEvent => ({
    _tag: "Dialling",
    at: at(millis),
    attempt,
    endpoint: "wss://feed.example/"
  }),
  opened: (millis: number, session = 1): ConnectionEvent => ({
    _tag: "Opened",
    at: at(millis),
    session,
    attempt: 1,
    downtime: Duration.millis(5),
    previous: Option.none()
  }),
  disconnected: (millis: number, session = 1, error = lost()): ConnectionEvent => ({
    _tag: "Disconnected",
    at: at(millis),
    session,
    error,
    uptime: Duration.seconds(3),
    unflushed: { messages: 0, bytes: 0 }
  }),
  attemptFailed: (millis: number, attempt = 1, error = refused()): ConnectionEvent => ({
    _tag: "AttemptFailed",
    at: at(millis),
    attempt,
    error
  }),
  waiting: (millis: number, delay = 1000, attempt = 1): ConnectionEvent => ({
    _tag: "WaitScheduled",
    at: at(millis),
    attempt,
    delay: Duration.millis(delay),
    floor: Duration.zero,
    recovery: retry()
  }),
  pong: (millis: number, rtt = 12): ConnectionEvent => ({
    _tag: "PongReceived",
    at: at(millis),
    session: 1,
    rtt: Duration.millis(rtt)
  }),
  dropped: (millis: number, reason: "unread" | "discard" = "unread"): ConnectionEvent => ({
    _tag: "Dropped",
    at: at(millis),
    direction: "inbound",
    reason,
    messages: 1,
    bytes: 5
  }),
  closed: (millis: number, cause?: ConnectionError): ConnectionEvent => ({
    _tag: "Closed",
    at: at(millis),
    cause: Option.fromNullishOr(cause),
    attempts: 1,
    dials: 1
  })
}
