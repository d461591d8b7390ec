/**
 * One line about all connections, for `systemctl status`.
 */
import type { ConnectionReport } from "../fleet/ConnectionReport.ts"

/** Of so many connections that are not open the state is told one by one. */
const told = 5

/** `2 of 3 open; chat: waiting until 12:00:05 (ServiceRestart 1012)`. */
export const statusLine = (reports: ReadonlyArray<ConnectionReport>): string => {
  const others = reports.filter(({ state }) => state !== "Open")
  const more = others.length - told
  return [
    `${reports.length - others.length} of ${reports.length} open`,
    ...others.slice(0, told).map(describe),
    ...(more > 0 ? [`and ${more} more`] : [])
  ].join("; ")
}

const describe = ({ last, name, nextDialAt, state }: ConnectionReport): string => {
  const until = nextDialAt === undefined ? "" : ` until ${nextDialAt.slice(11, 19)} UTC`
  const why = last === undefined ? "" : ` (${last.reason}${last.code === undefined ? "" : ` ${last.code}`})`
  return `${name}: ${state.toLowerCase()}${until}${why}`
}
