// Puts what happens into words, a line each: time, status, and why.
import { DateTime, Duration } from "effect"
import type { ConnectionEvent } from "holdfast"
import { range } from "./feed.ts"
import { paint, print } from "./style.ts"

const seconds = (duration: Duration.Duration): string => `${Duration.toSeconds(duration).toFixed(2)} s`

/** Status, its colour, and the rest of the line. */
type Line = readonly [status: string, style: Parameters<typeof paint>[0], text: string]

const describe = (event: ConnectionEvent.ConnectionEvent): Line | undefined => {
  switch (event._tag) {
    case "Dialling":
      return ["connecting", "cyan", `attempt ${event.attempt}`]
    case "Opened":
      return ["open", ["green", "bold"], `session ${event.session}, after ${seconds(event.downtime)} without one`]
    case "AttemptFailed":
      return ["failed", "red", `${event.error.reason._tag}: ${event.error.reason.message}`]
    case "Disconnected": {
      const { reason } = event.error
      return [
        "lost",
        "red",
        `session ${event.session} after ${seconds(event.uptime)}, ${reason._tag}: ${reason.message}`
      ]
    }
    case "WaitScheduled": {
      const floor = Duration.isZero(event.floor)
        ? ""
        : `, at least ${seconds(event.floor)} since the server asked for it`
      return ["waiting", "yellow", `${seconds(event.delay)} before attempt ${event.attempt}${floor}`]
    }
    case "PongReceived":
      return ["alive", "green", `round trip ${Duration.toMillis(event.rtt).toFixed(2)} ms`]
    case "Paused":
      return ["paused", "yellow", "the reader is behind: the socket is not read for a while"]
    case "Resumed":
      return ["reading", "green", `again, after ${Duration.toMillis(event.pausedFor).toFixed(0)} ms`]
    case "Dropped":
      return ["dropped", "red", `${event.messages} messages: ${event.reason}`]
    case "Closed":
      return ["closed", "bold", `for good, after ${event.dials} dials`]
  }
}

export class Timeline {
  private readonly began = Date.now()
  /** Numbers that came since the last line, the first of them at `at`. */
  private run: { readonly first: number; readonly last: number; readonly at: number } | undefined
  private latest = 0
  private pauses = 0

  heading(title: string, expected: string): void {
    this.settle()
    this.pauses = 0
    print()
    print(paint(["bold", "underline"], title))
    print(paint("dim", `   Expected: ${expected}`))
  }

  event(event: ConnectionEvent.ConnectionEvent): void {
    // A flood pauses the socket many times; two are enough to see how it goes.
    if (event._tag === "Paused" && ++this.pauses > 2) return
    if (event._tag === "Resumed" && this.pauses > 2) return
    const line = describe(event)
    if (line === undefined) return
    this.settle()
    this.line(DateTime.toEpochMillis(event.at), line)
  }

  /** A number arrived; numbers in a row become one line. */
  received(number: number): void {
    if (this.run !== undefined && number !== this.run.last + 1) this.settle()
    this.run = { first: this.run?.first ?? number, last: number, at: this.run?.at ?? Date.now() }
  }

  /** Prints what is outstanding. */
  settle(): void {
    if (this.run === undefined) return
    const { at, first, last } = this.run
    this.run = undefined
    const gap = first > this.latest + 1 ? `, without ${range(this.latest + 1, first - 1)}` : ""
    this.latest = Math.max(this.latest, last)
    this.line(at, ["received", "blue", range(first, last) + gap])
  }

  private line(at: number, [status, style, text]: Line): void {
    const time = `${((at - this.began) / 1000).toFixed(2).padStart(6)} s`
    print(`${paint("dim", time)}  ${paint(style, status.padEnd(10))}  ${text}`)
  }
}
