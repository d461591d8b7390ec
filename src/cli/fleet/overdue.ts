/**
 * Whether the heartbeats live: an open session whose peer has been silent for
 * longer than its heartbeat would ever let it be is not watched by anybody.
 */
import type { ConnectionReport } from "./ConnectionReport.ts"

/** Milliseconds that a busy machine may be late. */
const slack = 5000

/** The connections whose heartbeat should have ended the session by now. */
export const overdue = (reports: ReadonlyArray<ConnectionReport>): ReadonlyArray<string> =>
  reports.filter(({ lastByteAge, paused, silenceLimit, state }) =>
    // While we hold the socket, nothing is judged.
    state === "Open" && !paused && silenceLimit !== undefined && lastByteAge !== undefined &&
    lastByteAge > silenceLimit + slack
  ).map(({ name }) => name)
