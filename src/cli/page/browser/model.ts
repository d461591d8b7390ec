/**
 * All that the page knows, from the events of the server. No element is touched
 * here.
 */
import type { ConnectionReport } from "../../fleet/ConnectionReport.ts"
import type { Happened, Happening, Hello, Past, Tick } from "../happening.ts"
import { History } from "../history.ts"
import { type Rate, Rates } from "./rates.ts"

/** How a connection is, in one word; `GaveUp` is a `Closed` that nobody wanted. */
export type Condition = ConnectionReport["state"] | "GaveUp"

/** The worst first. */
export const conditions: ReadonlyArray<Condition> = ["GaveUp", "Waiting", "Connecting", "Closing", "Closed", "Open"]

/** The words for people. */
export const conditionWords: { readonly [_ in Condition]: string } = {
  GaveUp: "Gave up",
  Waiting: "Waiting",
  Connecting: "Connecting",
  Closing: "Closing",
  Closed: "Closed",
  Open: "Open"
}

/** How a connection is. */
export const conditionOf = (report: ConnectionReport): Condition =>
  report.state === "Closed" && report.gaveUp === true ? "GaveUp" : report.state

/** What the page knows. */
export class Model {
  reports: ReadonlyArray<ConnectionReport> = []
  version = ""
  /** Whether somebody has logged in. */
  session = false
  private byName = new Map<string, ConnectionReport>()
  private rates = new Map<string, Rates>()
  private history = new History()
  private last = 0
  private skew = 0

  /** Begins anew. `now` is our own clock. */
  hello(hello: Hello, now: number): void {
    this.version = hello.version
    this.session = hello.session
    this.last = hello.last
    this.history = new History()
    for (const [connection, past] of hello.pasts) this.history.restore(connection, past)
    this.take(hello, now)
  }

  /** Each second. */
  tick(tick: Tick, now: number): void {
    this.take(tick, now)
  }

  /** False where something was missed, and everything must be told again. */
  happened({ connection, happening, number }: Happened): boolean {
    // What happened while everything was being told is in there already.
    if (number <= this.last) return true
    if (number !== this.last + 1) return false
    this.last = number
    this.history.record(connection, happening)
    return true
  }

  report(name: string): ConnectionReport | undefined {
    return this.byName.get(name)
  }

  past(name: string): Past {
    return this.history.past(name)
  }

  /** The last second of a connection. */
  rate(name: string): Rate | undefined {
    return this.rates.get(name)?.last()
  }

  /** The last minutes of a connection. */
  throughput(name: string): ReturnType<Rates["all"]> {
    return this.rates.get(name)?.all() ?? []
  }

  /** The server's clock, when ours shows this. */
  serverTime(now: number): number {
    return now + this.skew
  }

  private take({ at, reports }: Tick, now: number): void {
    this.skew = at - now
    this.reports = reports
    this.byName = new Map(reports.map((report) => [report.name, report]))
    for (const name of this.rates.keys()) {
      if (!this.byName.has(name)) this.rates.delete(name)
    }
    for (const report of reports) {
      const rates = this.rates.get(report.name) ?? new Rates()
      this.rates.set(report.name, rates)
      rates.add(at, report)
    }
  }
}

/** An ending that was told several times. */
export interface RepeatedError {
  readonly message: string
  readonly reason: string
  readonly code: number | undefined
  readonly initiator: "peer" | "self" | undefined
  readonly times: number
  readonly at: number
}

/** What went wrong lately, each sentence once, the latest first. */
export const lastErrors = (happenings: ReadonlyArray<Happening>): ReadonlyArray<RepeatedError> => {
  const errors = new Map<string, RepeatedError>()
  for (const happening of happenings) {
    // A connection that gives up says again what its last attempt said.
    if (happening._tag !== "Disconnected" && happening._tag !== "AttemptFailed") continue
    const { code, initiator, message, reason } = happening.ending
    const times = (errors.get(message)?.times ?? 0) + (happening._tag === "AttemptFailed" ? happening.times : 1)
    // To the end: a Map is in the order of its first insertions.
    errors.delete(message)
    errors.set(message, { message, reason, code, initiator, times, at: happening.at })
  }
  return [...errors.values()].toReversed()
}
