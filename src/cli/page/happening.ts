/**
 * What happened to a connection, as the page is told: plain JSON, times in
 * milliseconds since 1970, durations in milliseconds, nothing secret.
 */
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Option from "effect/Option"
import type { ConnectionError } from "../../ConnectionError.ts"
import type { ConnectionEvent } from "../../ConnectionEvent.ts"
import type { ConnectionReport, Ending } from "../fleet/ConnectionReport.ts"

/** Something that happened. */
export type Happening =
  | { readonly _tag: "Dialling"; readonly at: number; readonly attempt: number }
  | { readonly _tag: "Opened"; readonly at: number; readonly session: number; readonly downtime: number }
  | {
    readonly _tag: "Disconnected"
    readonly at: number
    readonly session: number
    readonly uptime: number
    readonly unflushed: number
    readonly ending: Ending
  }
  /** `times` attempts in a row failed for the same reason, the first of them at `first`. */
  | {
    readonly _tag: "AttemptFailed"
    readonly at: number
    readonly attempt: number
    readonly ending: Ending
    readonly first: number
    readonly times: number
  }
  | { readonly _tag: "WaitScheduled"; readonly at: number; readonly attempt: number; readonly delay: number }
  | { readonly _tag: "PongReceived"; readonly at: number; readonly rtt: number }
  /** From here on messages are dropped; how many is in the reports. */
  | {
    readonly _tag: "Dropped"
    readonly at: number
    readonly direction: "inbound" | "outbound"
    readonly reason: string
  }
  /** Without `ending` we closed it. */
  | { readonly _tag: "Closed"; readonly at: number; readonly ending?: Ending | undefined }

/** What is kept of one connection for who looks later: at most so many happenings and round trips, oldest first. */
export interface Past {
  readonly happenings: ReadonlyArray<Happening>
  /** When an answer to a heartbeat came, and after how many milliseconds. */
  readonly roundTrips: ReadonlyArray<readonly [at: number, rtt: number]>
}

/** The first event of the stream: all there is to know. */
export interface Hello {
  readonly version: string
  /** The server's clock. */
  readonly at: number
  readonly reports: ReadonlyArray<ConnectionReport>
  readonly pasts: ReadonlyArray<readonly [connection: string, past: Past]>
  /** Number of the last happening that `pasts` has. */
  readonly last: number
  /** Whether there is a session that can be ended. */
  readonly session: boolean
}

/** An event of each second. */
export interface Tick {
  readonly at: number
  readonly reports: ReadonlyArray<ConnectionReport>
}

/** An event as soon as something happens; `number` counts them, so that a gap is noticed. */
export interface Happened {
  readonly number: number
  readonly connection: string
  readonly happening: Happening
}

/** A peer's words may be long. */
const longestMessage = 400

/**
 * The event, as the page is told; none for what may come with every message, and
 * is in the reports. `describe` makes an ending of an error.
 */
export const happeningOf = (
  event: ConnectionEvent,
  describe: (error: ConnectionError, at: DateTime.Utc) => Ending
): Happening | undefined => {
  const at = DateTime.toEpochMillis(event.at)
  const endingOf = (error: ConnectionError): Ending => {
    const ending = describe(error, event.at)
    return ending.message.length <= longestMessage
      ? ending
      : { ...ending, message: `${ending.message.slice(0, longestMessage)}…` }
  }
  switch (event._tag) {
    case "Dialling":
      return { _tag: event._tag, at, attempt: event.attempt }
    case "Opened":
      return { _tag: event._tag, at, session: event.session, downtime: Duration.toMillis(event.downtime) }
    case "Disconnected":
      return {
        _tag: event._tag,
        at,
        session: event.session,
        uptime: Duration.toMillis(event.uptime),
        unflushed: event.unflushed.messages,
        ending: endingOf(event.error)
      }
    case "AttemptFailed":
      return {
        _tag: event._tag,
        at,
        attempt: event.attempt,
        ending: endingOf(event.error),
        first: at,
        times: 1
      }
    case "WaitScheduled":
      return { _tag: event._tag, at, attempt: event.attempt, delay: Duration.toMillis(event.delay) }
    case "PongReceived":
      return { _tag: event._tag, at, rtt: Duration.toMillis(event.rtt) }
    case "Paused":
    case "Resumed":
      return undefined
    case "Dropped":
      // Where nobody is to read, that is nothing that happens.
      return event.reason === "discard"
        ? undefined
        : { _tag: event._tag, at, direction: event.direction, reason: event.reason }
    case "Closed":
      return Option.match(event.cause, {
        onNone: () => ({ _tag: event._tag, at }),
        onSome: (error) => ({ _tag: event._tag, at, ending: endingOf(error) })
      })
  }
}
