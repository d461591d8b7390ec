// What is left to say at the end: the sessions and why they ended, and what became of every number of the feed.
import { Duration } from "effect"
import type { ConnectionEvent } from "holdfast"
import { type Feed, range } from "./feed.ts"
import { paint, print } from "./style.ts"

/** Something that had to hold, and what did not. */
export type Check = readonly [what: string, failures: ReadonlyArray<string>]

interface SessionRow {
  readonly session: number
  readonly attempt: number
  readonly uptime: string
  readonly cause: string
  readonly kind: string
}

const sessionRows = (events: ReadonlyArray<ConnectionEvent.ConnectionEvent>): ReadonlyArray<SessionRow> => {
  const attempts = new Map<number, number>()
  return events.flatMap((event) => {
    if (event._tag === "Opened") attempts.set(event.session, event.attempt)
    if (event._tag !== "Disconnected") return []
    const { reason } = event.error
    return [{
      session: event.session,
      attempt: attempts.get(event.session) ?? 0,
      uptime: `${Duration.toSeconds(event.uptime).toFixed(2)} s`,
      cause: `${reason._tag}: ${reason.message}`,
      kind: reason._tag
    }]
  })
}

const number = (value: number): string => value.toLocaleString("en")

const none = (numbers: ReadonlyArray<number>): string =>
  numbers.length === 0 ? paint("green", "none") : paint("red", numbers.join(", "))

export const printSummary = (events: ReadonlyArray<ConnectionEvent.ConnectionEvent>, feed: Feed): void => {
  const rows = sessionRows(events)
  print()
  print(paint(["bold", "underline"], "Sessions"))
  print(paint("dim", "   session  attempt  open for  ended by"))
  for (const { attempt, cause, session, uptime } of rows) {
    print(`   ${String(session).padStart(7)}  ${String(attempt).padStart(7)}  ${uptime.padStart(8)}  ${cause}`)
  }

  print()
  print(paint(["bold", "underline"], "Dials that opened no session"))
  const failures = events.flatMap((event) => event._tag === "AttemptFailed" ? [event.error.reason] : [])
  for (const kind of new Set(failures.map(({ _tag }) => _tag))) {
    const alike = failures.filter(({ _tag }) => _tag === kind)
    print(`   ${alike.length} × ${kind}: ${alike[0]?.message}`)
  }

  print()
  print(paint(["bold", "underline"], "The numbered feed"))
  print(`   published ${number(feed.published)}, received ${number(feed.received)}`)
  print(`   handed out twice: ${none(feed.twice)}`)
  print(`   out of order:     ${none(feed.outOfOrder)}`)
  print("   never received:")
  for (const { first, last, session } of feed.missing) {
    const why = session === undefined
      ? "sent while no session was open"
      : `lost with session ${session} (${rows.find((row) => row.session === session)?.kind ?? "unknown"})`
    print(`     ${range(first, last).padEnd(16)}  ${why}`)
  }
}

/** One line for each thing that had to hold. */
export const printVerdict = (checks: ReadonlyArray<Check>): void => {
  print()
  print(paint(["bold", "underline"], "Did it hold?"))
  for (const [what, failures] of checks) {
    print(`   ${failures.length === 0 ? paint("green", "✓") : paint("red", "✗")} ${what}`)
    for (const failure of failures) print(paint("red", `       ${failure}`))
  }
  print()
  const broken = checks.filter(([, failures]) => failures.length > 0).length
  print(broken === 0 ? paint(["green", "bold"], "Everything held.") : paint(["red", "bold"], `${broken} did not hold.`))
}
