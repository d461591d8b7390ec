/**
 * What connections do, as notes for people and programs.
 */
import * as Duration from "effect/Duration"
import * as Option from "effect/Option"
import type { ConnectionError } from "../../ConnectionError.ts"
import type { Activity } from "../fleet/Fleet.ts"
import type { Fields, Level } from "../output.ts"

/** A note of what happened. */
export interface Note {
  readonly level: Level
  readonly event: string
  readonly message: string
  readonly fields: Fields
}

/** None for what is not worth a word. */
export const noteOf = ({ connection, event }: Activity): Note | undefined => {
  const note = (level: Level, name: string, sentence: string, fields: Fields = {}): Note => ({
    level,
    event: name,
    message: `${connection}: ${sentence}`,
    fields: { connection, ...fields }
  })
  switch (event._tag) {
    case "Dialling":
      return note("debug", "dialling", `dials ${event.endpoint} (dial ${event.attempt})`, { attempt: event.attempt })
    case "Opened":
      return note("info", "open", `open (session ${event.session}, after ${short(event.downtime)})`, {
        session: event.session,
        attempt: event.attempt,
        after: Duration.toMillis(event.downtime)
      })
    case "Disconnected":
      if ("initiator" in event.error.reason && event.error.reason.initiator === "self") {
        return note("info", "ended", `session ${event.session} ended after ${short(event.uptime)}`, {
          session: event.session,
          uptime: Duration.toMillis(event.uptime)
        })
      }
      return note("warn", "lost", `lost after ${short(event.uptime)}: ${said(event.error)}`, {
        session: event.session,
        uptime: Duration.toMillis(event.uptime),
        reason: event.error.reason._tag,
        ...(event.unflushed.messages === 0 ? {} : { unflushed: event.unflushed })
      })
    case "AttemptFailed":
      return note("warn", "failed", `not open: ${said(event.error)}`, {
        attempt: event.attempt,
        reason: event.error.reason._tag
      })
    case "WaitScheduled":
      return note("info", "waiting", `dials again in ${short(event.delay)} (dial ${event.attempt})`, {
        attempt: event.attempt,
        delay: Duration.toMillis(event.delay)
      })
    case "Paused":
      return note("warn", "paused", "reading is paused: messages are not taken in time", { session: event.session })
    case "Resumed":
      return note("info", "resumed", `reads again after ${short(event.pausedFor)}`, {
        session: event.session,
        pausedFor: Duration.toMillis(event.pausedFor)
      })
    case "Dropped":
      // What nobody reads was not to be read.
      return event.reason === "discard"
        ? undefined
        : note("warn", "dropped", `${counted(event.messages)} dropped (${event.direction}, ${event.reason})`, {
          direction: event.direction,
          reason: event.reason,
          messages: event.messages,
          bytes: event.bytes
        })
    case "Closed":
      return Option.match(event.cause, {
        onNone: () => note("info", "closed", "closed"),
        onSome: (cause) =>
          note(
            "error",
            "gave-up",
            `closed for good after ${event.dials === 1 ? "1 dial" : `${event.dials} dials`}: ${said(cause)}`,
            {
              dials: event.dials,
              reason: cause.reason._tag
            }
          )
      })
    case "PongReceived":
      return undefined
  }
}

/** The peer's words cannot steer a terminal. */
const said = ({ message }: ConnectionError): string => message.replaceAll(/\p{Cc}+/gu, " ").trim()

const counted = (messages: number): string => messages === 1 ? "1 message" : `${messages} messages`

/** `2.1 s`, `350 ms`, `3 min 20 s`: short enough for a line, and exact enough to think with. */
export const short = (duration: Duration.Duration): string => {
  const millis = Math.round(Duration.toMillis(duration))
  if (!Number.isFinite(millis)) return "ever"
  if (millis < 1000) return `${millis} ms`
  if (millis < 59_950) return `${(millis / 1000).toFixed(1)} s`
  const seconds = Math.round(millis / 1000)
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${seconds % 60} s`
  const minutes = Math.round(seconds / 60)
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`
}
