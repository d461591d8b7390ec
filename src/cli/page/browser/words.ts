/**
 * What the page says about a connection, in sentences.
 */
import type { ConnectionReport, Ending } from "../../fleet/ConnectionReport.ts"
import { age, duration, plural } from "../../inWords.ts"
import type { Happening } from "../happening.ts"
import { roughAge, time } from "./format.ts"
import { conditionOf } from "./model.ts"

/** What it does now, and for how long. */
export const situation = (report: ConnectionReport, now: number): string => {
  const since = now - Date.parse(report.since)
  switch (conditionOf(report)) {
    case "Open":
      return `Session ${report.session ?? report.sessions}, open for ${age(since)}` +
        (report.paused ? "; reading is paused, because messages are not taken in time" : "")
    case "Connecting":
      return report.attempt === 0
        ? "Not used yet"
        : `Dialling for ${age(since)}${report.attempt > 1 ? `, attempt ${report.attempt}` : ""}`
    case "Waiting":
      return `${nextDial(report, now)}, attempt ${report.attempt}`
    case "Closing":
      return `Closing for ${age(since)}`
    case "Closed":
      return `Closed by us ${age(since)} ago; it is not dialled until it is started again`
    case "GaveUp":
      return `Gave up ${age(since)} ago; it is not dialled any more`
  }
}

/** The countdown. */
export const nextDial = (report: ConnectionReport, now: number): string => {
  const left = report.nextDialAt === undefined ? 0 : Date.parse(report.nextDialAt) - now
  return left <= 0 ? "Next dial now" : `Next dial in ${age(Math.ceil(left / 1000) * 1000)}`
}

/** The few words of a list. */
export const shortSituation = (report: ConnectionReport, now: number): string =>
  conditionOf(report) === "Waiting"
    ? nextDial(report, now).replace("Next dial", "dials")
    : `for ${roughAge(now - Date.parse(report.since))}`

/** A sentence of an error, without the address that stands above it already. */
export const sentenceOf = (message: string, endpoint: string): string => {
  const text = message.startsWith(`${endpoint}: `) ? message.slice(endpoint.length + 2) : message
  return text.slice(0, 1).toUpperCase() + text.slice(1)
}

/** What there is to know of an ending besides its sentence: `ClosedByPeer, code 1012, by the peer`. */
export const endingDetail = ({ code, initiator, reason }: Pick<Ending, "reason" | "code" | "initiator">): string =>
  [
    reason,
    code === undefined ? undefined : `code ${code}`,
    initiator === undefined ? undefined : initiator === "peer" ? "by the peer" : "by us"
  ].filter((part) => part !== undefined).join(", ")

/** What happened, as a line of a list; none where it is not worth one. */
export const lineOf = (happening: Happening, now: number): string | undefined => {
  switch (happening._tag) {
    case "Opened":
      return `Session ${happening.session} opened` +
        (happening.downtime < 1 ? "" : ` after ${duration(happening.downtime)}`)
    case "Disconnected":
      return `Session ${happening.session} ended after ${duration(happening.uptime)}` +
        (happening.unflushed === 0 ? "" : `, with ${plural(happening.unflushed, "message")} not sent`)
    case "AttemptFailed":
      return happening.times === 1
        ? "An attempt failed"
        : `${plural(happening.times, "attempt")} failed since ${time(happening.first, now)}`
    case "Dropped":
      return `From here on ${happening.direction} messages were dropped (${happening.reason})`
    case "Closed":
      return happening.ending === undefined ? "Closed by us" : "Gave up"
    default:
      return undefined
  }
}
