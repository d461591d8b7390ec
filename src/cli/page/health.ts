/**
 * What `/healthz` and `/readyz` mean.
 *
 * Healthy: this process answers, and each connection is open or still being
 * tried. It is not when one has given up for good: nothing in this process will
 * bring it back, a restart might. An outage is not unhealthy; a restart would not
 * end it. Nor is a connection that somebody closed by hand.
 *
 * Ready: each connection, or each that is asked for, is open now.
 */
import type { ConnectionReport } from "../fleet/ConnectionReport.ts"
import { plural } from "../inWords.ts"

/** A verdict, and what it rests on. */
export interface Verdict {
  readonly status: number
  readonly body: {
    readonly status: "healthy" | "unhealthy" | "ready" | "notReady" | "unknownConnection"
    readonly message: string
    readonly connections: number
    readonly open: number
    readonly gaveUp: number
    /** The ones it is about; only for who may know. */
    readonly names?: ReadonlyArray<string> | undefined
  }
}

/** What a verdict rests on. */
export interface Facts {
  readonly reports: ReadonlyArray<ConnectionReport>
  /** Whether names may be told. */
  readonly trusted: boolean
}

/** The verdict of `/healthz`. */
export const health = (facts: Facts): Verdict => {
  const { gaveUp } = countsOf(facts)
  const all = facts.reports.length
  return gaveUp.length === 0
    ? verdict(facts, 200, "healthy", "No connection has given up.", [])
    : verdict(
      facts,
      503,
      "unhealthy",
      `${gaveUp.length} of ${all} ${all === 1 ? "connection" : "connections"} gave up for good.`,
      gaveUp
    )
}

/** The verdict of `/readyz`, about all connections or about these. */
export const readiness = (facts: Facts, wanted: ReadonlyArray<string>): Verdict => {
  const unknown = wanted.filter((name) => !facts.reports.some((report) => report.name === name))
  if (unknown.length > 0) {
    return verdict(facts, 404, "unknownConnection", "There is no connection of that name.", unknown)
  }
  const asked = wanted.length === 0 ? facts.reports : facts.reports.filter(({ name }) => wanted.includes(name))
  if (asked.length === 0) return verdict(facts, 503, "notReady", "There are no connections yet.", [])
  const missing = asked.filter(({ state }) => state !== "Open").map(({ name }) => name)
  const total = plural(asked.length, "connection")
  return missing.length === 0
    ? verdict(facts, 200, "ready", asked.length === 1 ? "It is open." : `All ${total} are open.`, [])
    : verdict(
      facts,
      503,
      "notReady",
      `${missing.length} of ${total} ${missing.length === 1 ? "is" : "are"} not open.`,
      missing
    )
}

const countsOf = ({ reports }: Facts) => ({
  open: reports.filter(({ state }) => state === "Open").length,
  gaveUp: reports.filter(({ gaveUp }) => gaveUp === true).map(({ name }) => name)
})

const verdict = (
  facts: Facts,
  code: number,
  status: Verdict["body"]["status"],
  message: string,
  names: ReadonlyArray<string>
): Verdict => {
  const { gaveUp, open } = countsOf(facts)
  return {
    status: code,
    body: {
      status,
      message,
      connections: facts.reports.length,
      open,
      gaveUp: gaveUp.length,
      ...(facts.trusted && names.length > 0 ? { names } : {})
    }
  }
}
