/**
 * What connections do, as notes for people and programs.
 */
import * as Duration from "effect/Duration"
import * as Option from "effect/Option"
import type { ConnectionError } from "../../ConnectionError.ts"
import type { Activity } from "../fleet/Fleet.ts"
import { duration, plural } from "../inWords.ts"
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
    case "Opened": {
      const after = Duration.toMillis(event.downtime)
      return note("info", "open", `open (session ${event.session}, after ${duration(after)})`, {
        session: event.session,
        attempt: event.attempt,
        after
      })
    }
    case "Disconnected": {
      const { session } = event
      const uptime = Duration.toMillis(event.uptime)
      if ("initiator" in event.error.reason && event.error.reason.initiator === "self") {
        return note("info", "ended", `session ${session} ended after ${duration(uptime)}`, { session, uptime })
      }
      return note("warn", "lost", `lost after ${duration(uptime)}: ${said(event.error)}`, {
        session,
        uptime,
        reason: event.error.reason._tag,
        ...(event.unflushed.messages === 0 ? {} : { unflushed: event.unflushed })
      })
    }
    case "AttemptFailed":
      return note("warn", "failed", `not open: ${said(event.error)}`, {
        attempt: event.attempt,
        reason: event.error.reason._tag
      })
    case "WaitScheduled": {
      const { attempt } = event
      const delay = Duration.toMillis(event.delay)
      return note("info", "waiting", `dials again in ${duration(delay)} (dial ${attempt})`, { attempt, delay })
    }
    case "Paused":
      return note("warn", "paused", "reading is paused: messages are not taken in time", { session: event.session })
    case "Resumed": {
      const pausedFor = Duration.toMillis(event.pausedFor)
      return note("info", "resumed", `reads again after ${duration(pausedFor)}`, { session: event.session, pausedFor })
    }
    case "Dropped":
      // What nobody reads was not to be read.
      return event.reason === "discard"
        ? undefined
        : note(
          "warn",
          "dropped",
          `${plural(event.messages, "message")} dropped (${event.direction}, ${event.reason})`,
          {
            direction: event.direction,
            reason: event.reason,
            messages: event.messages,
            bytes: event.bytes
          }
        )
    case "Closed":
      return Option.match(event.cause, {
        onNone: () => note("info", "closed", "closed"),
        onSome: (cause) =>
          note(
            "error",
            "gave-up",
            `closed for good after ${plural(event.dials, "dial")}: ${said(cause)}`,
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
