import * as Schema from "effect/Schema"
import { describe, expect, it } from "vitest"
import { ConnectionReport } from "../../../src/cli/fleet/ConnectionReport.ts"

const report: ConnectionReport = {
  name: "feed",
  state: "Waiting",
  since: "2026-01-01T00:00:00.000Z",
  endpoint: "wss://feed.example/",
  sessions: 1,
  attempt: 2,
  dials: 3,
  last: {
    at: "2026-01-01T00:00:00.000Z",
    reason: "GoingAway",
    message: "…",
    code: 1001,
    initiator: "peer",
    retryable: true
  },
  nextDialAt: "2026-01-01T00:00:05.000Z",
  rtt: { last: 1, p50: 1, p99: 2 },
  received: { messages: 1, bytes: 2 },
  sent: { messages: 0, bytes: 0 },
  dropped: 0,
  lastMessageAge: 12,
  paused: false,
  at: "2026-01-01T00:00:01.000Z"
}

describe("a report", () => {
  it("survives the way through JSON", () => {
    expect(Schema.decodeUnknownSync(ConnectionReport)(JSON.parse(JSON.stringify(report)))).toEqual(report)
  })

  it("is refused with a state that does not exist", () => {
    expect(() => Schema.decodeUnknownSync(ConnectionReport)({ ...report, state: "Fine" })).toThrow("state")
  })
})
