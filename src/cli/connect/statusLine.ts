/**
 * What stands before the line that people type.
 */
import * as Duration from "effect/Duration"
import * as Option from "effect/Option"
import { stripVTControlCharacters } from "node:util"
import type { ConnectionStatus } from "../../ConnectionStatus.ts"
import * as inWords from "../inWords.ts"
import type { Style } from "../output.ts"

/** What is told. Durations are milliseconds. */
export interface StatusLine {
  readonly status: ConnectionStatus
  /** How long it has been so. */
  readonly since: number
  readonly rtt: Duration.Duration | undefined
  /** Of the last message; undefined where none has come. */
  readonly age: number | undefined
  /** How wide the terminal is; a line in front that is broken cannot be drawn again. No limit where it is not known. */
  readonly columns?: number | undefined
  readonly paint: (style: Style, text: string) => string
}

/** `[open | rtt 12 ms | last 3 s ago] > `. */
export const statusLine = ({ age, columns = Infinity, paint, rtt, since, status }: StatusLine): string => {
  const ping = status._tag === "Open" ? Option.getOrElse(status.rtt, () => rtt) : undefined
  const parts = [
    state(status, since, paint),
    ...(ping !== undefined ? [`rtt ${inWords.roundTrip(Duration.toMillis(ping))}`] : []),
    ...(age === undefined ? [] : [`last ${inWords.age(age)} ago`])
  ]
  for (; parts.length > 0; parts.pop()) {
    const line = `[${parts.join(" | ")}] > `
    if (stripVTControlCharacters(line).length + room <= columns) return line
  }
  return "> "
}

/** What is left for typing, at least. */
const room = 12

const state = (status: ConnectionStatus, since: number, paint: StatusLine["paint"]): string => {
  switch (status._tag) {
    case "Open":
      return paint("green", status.paused ? "paused" : "open")
    case "Connecting":
      return paint("yellow", status.attempt > 1 ? `connecting, attempt ${status.attempt}` : "connecting")
    case "Waiting":
      return paint("red", `next dial in ${inWords.age(Duration.toMillis(status.delay) - since)}`)
    case "Closing":
      return paint("yellow", "closing")
    case "Closed":
      return paint("red", "closed")
  }
}
