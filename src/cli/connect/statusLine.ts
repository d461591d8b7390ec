/**
 * What stands before the line that people type.
 */
import * as Duration from "effect/Duration"
import * as Option from "effect/Option"
import { stripVTControlCharacters } from "node:util"
import type { ConnectionStatus } from "../../ConnectionStatus.ts"
import type { Style } from "../output.ts"
import { inWords } from "./narrator.ts"

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
  const parts = [
    state(status, since, paint),
    ...(status._tag === "Open" ? roundTrip(Option.getOrElse(status.rtt, () => rtt)) : []),
    ...(age === undefined ? [] : [`last ${whole(age)} ago`])
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
      return paint("red", `next dial in ${whole(Math.max(0, Duration.toMillis(status.delay) - since))}`)
    case "Closing":
      return paint("yellow", "closing")
    case "Closed":
      return paint("red", "closed")
  }
}

const roundTrip = (rtt: Duration.Duration | undefined): ReadonlyArray<string> =>
  rtt === undefined ? [] : [`rtt ${inWords(rtt)}`]

const whole = (ms: number): string =>
  inWords(Duration.seconds(Math.round(ms / 1000))).replace("0.0 ms", "0 s").replace(/\.0 s$/, " s")
