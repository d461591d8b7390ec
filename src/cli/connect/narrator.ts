/**
 * Tells people what becomes of the connection, in sentences on stderr.
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import type { ConnectionService } from "../../Connection.ts"
import type { ConnectionEvent } from "../../ConnectionEvent.ts"
import { advise } from "../failure.ts"
import { duration } from "../inWords.ts"
import type { Level, Output } from "../output.ts"

interface Note {
  readonly level: Level
  readonly event: string
  readonly message: string
  readonly fields?: Readonly<Record<string, unknown>>
}

/** Tells what happens from now on, until the connection is closed for good. */
export const narrate = (
  connection: ConnectionService,
  output: Output["Service"],
  options: { readonly interactive: boolean }
): Effect.Effect<void> =>
  Effect.suspend(() => {
    let before: Before | undefined
    return Stream.runForEach(connection.events, (event) => {
      const note = noteOf(event, options.interactive, before)
      if (event._tag === "Disconnected" || event._tag === "AttemptFailed") before = event
      return note === undefined ? Effect.void : output.note(note.level, note.event, note.message, note.fields)
    })
  })

type Before = Extract<ConnectionEvent, { readonly _tag: "Disconnected" | "AttemptFailed" }>

/**
 * What is said of an event. In a pipe, what goes well is not worth a word; what
 * ends the command is told at its end.
 */
export const noteOf = (event: ConnectionEvent, interactive: boolean, before: Before | undefined): Note | undefined => {
  switch (event._tag) {
    case "Dialling":
      return {
        level: "debug",
        event: "dialling",
        message: `Dialling ${event.endpoint}${event.attempt > 1 ? `, attempt ${event.attempt}` : ""}.`,
        fields: { endpoint: event.endpoint, attempt: event.attempt }
      }
    case "Opened": {
      const again = Option.isSome(event.previous)
      return {
        level: interactive || again ? "info" : "debug",
        event: "opened",
        message: again ? `Connected again after ${duration(Duration.toMillis(event.downtime))}.` : "Connected.",
        fields: { session: event.session, attempt: event.attempt, downtime: Duration.toMillis(event.downtime) }
      }
    }
    case "Disconnected":
      return {
        level: "debug",
        event: "disconnected",
        message: `Disconnected: ${event.error.message}`,
        fields: { session: event.session, reason: event.error.reason._tag, uptime: Duration.toMillis(event.uptime) }
      }
    case "AttemptFailed":
      return {
        level: "debug",
        event: "attemptFailed",
        message: event.error.message,
        fields: { attempt: event.attempt, reason: event.error.reason._tag }
      }
    case "WaitScheduled":
      return {
        level: "warn",
        event: "waiting",
        message: [
          ...(before === undefined ? [] : [why(before)]),
          Duration.toMillis(event.delay) < 1
            ? "Dialling again."
            : `Next dial in ${duration(Duration.toMillis(event.delay))}.`
        ].join("\n"),
        fields: {
          attempt: event.attempt,
          delay: Duration.toMillis(event.delay),
          ...(before === undefined ? {} : { reason: before.error.reason._tag })
        }
      }
    case "Paused":
      return { level: "debug", event: "paused", message: "Reading is paused: stdout is slow." }
    case "Resumed":
      return {
        level: "debug",
        event: "resumed",
        message: `Reading goes on after ${duration(Duration.toMillis(event.pausedFor))}.`
      }
    case "Dropped":
      return {
        level: "warn",
        event: "dropped",
        message: `${event.messages} ${event.direction} messages were dropped (${event.reason}).`,
        fields: { direction: event.direction, reason: event.reason, messages: event.messages, bytes: event.bytes }
      }
    case "PongReceived":
    case "Closed":
      return undefined
  }
}

const why = (before: Before): string => {
  const { message } = before.error
  if (before._tag === "Disconnected") return `Disconnected: ${message}`
  // Said once, it need not be said at each attempt.
  const advice = before.attempt === 1 ? advise(before.error) : undefined
  return advice === undefined ? message : `${message}\n${advice}`
}
