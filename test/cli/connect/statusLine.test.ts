import { DateTime, Duration, Option } from "effect"
import { stripVTControlCharacters } from "node:util"
import { describe, expect, it } from "vitest"
import { type StatusLine, statusLine } from "../../../src/cli/connect/statusLine.ts"
import { ConnectFailed, ConnectionError } from "../../../src/ConnectionError.ts"
import type { ConnectionStatus } from "../../../src/ConnectionStatus.ts"

const open = (rtt?: Duration.Duration, paused = false): ConnectionStatus => ({
  _tag: "Open",
  session: 1,
  since: DateTime.makeUnsafe(0),
  subprotocol: Option.none(),
  rtt: Option.fromUndefinedOr(rtt),
  paused
})
const line = (status: ConnectionStatus, more: Partial<StatusLine> = {}) =>
  statusLine({ status, since: 0, rtt: undefined, age: undefined, paint: (_, text) => text, ...more })

describe("the status line", () => {
  it("tells of an open session its round trip, and how old the last message is", () => {
    expect(line(open())).toBe("[open] > ")
    expect(line(open(), { rtt: Duration.millis(12), age: 3200 })).toBe("[open | rtt 12 ms | last 3 s ago] > ")
    expect(line(open(Duration.millis(1.25)), { rtt: Duration.millis(12), age: 0 })).toBe(
      "[open | rtt 1.3 ms | last 0 s ago] > "
    )
    expect(line(open(undefined, true))).toBe("[paused] > ")
  })

  it("leaves out what a narrow terminal has no room for", () => {
    const more = {
      rtt: Duration.millis(12),
      age: 3200,
      paint: (_: string, text: string) => `\u001b[32m${text}\u001b[39m`
    }
    const at = (columns: number) => stripVTControlCharacters(line(open(), { ...more, columns }))
    expect([80, 48, 47, 34, 20, 10].map(at)).toEqual([
      "[open | rtt 12 ms | last 3 s ago] > ",
      "[open | rtt 12 ms | last 3 s ago] > ",
      "[open | rtt 12 ms] > ",
      "[open | rtt 12 ms] > ",
      "> ",
      "> "
    ])
  })

  it("counts down to the next dial", () => {
    const cause = new ConnectionError({ reason: new ConnectFailed({ phase: "tcp", code: "ECONNREFUSED" }) })
    const waiting: ConnectionStatus = { _tag: "Waiting", attempt: 2, delay: Duration.seconds(70), cause }
    expect(line(waiting)).toBe("[next dial in 1 min 10 s] > ")
    expect(line(waiting, { since: 61_000, age: 90_000 })).toBe("[next dial in 9 s | last 1 min 30 s ago] > ")
    expect(line(waiting, { since: 80_000 })).toBe("[next dial in 0 s] > ")
  })

  it("has a word for everything else", () => {
    expect([
      line({ _tag: "Connecting", attempt: 1 }),
      line({ _tag: "Connecting", attempt: 3 }),
      line({ _tag: "Closing" }),
      line({ _tag: "Closed", cause: Option.none(), attempts: 1, dials: 1 })
    ]).toEqual(["[connecting] > ", "[connecting, attempt 3] > ", "[closing] > ", "[closed] > "])
  })
})
