import { describe, expect, it } from "vitest"
import type { ConnectionReport } from "../../../src/cli/fleet/ConnectionReport.ts"
import { statusLine } from "../../../src/cli/systemd/statusLine.ts"
import { report } from "../../support/reports.ts"

const closed = (name: string): ConnectionReport => report({ name, state: "Closed" })

describe("the status line", () => {
  it("counts those that are open, and names the others with what they wait for", () => {
    expect(statusLine([
      report({ name: "feed" }),
      report({
        name: "chat",
        state: "Waiting",
        nextDialAt: "2026-01-01T12:00:05.000Z",
        last: { at: "2026-01-01T12:00:00.000Z", reason: "ServiceRestart", message: "", code: 1012, retryable: true }
      })
    ])).toBe("1 of 2 open; chat: waiting until 12:00:05 UTC (ServiceRestart 1012)")
  })

  it("stays short, however many are down", () => {
    const line = statusLine(["a", "b", "c", "d", "e", "f", "g"].map(closed))
    expect(line).toBe("0 of 7 open; a: closed; b: closed; c: closed; d: closed; e: closed; and 2 more")
  })
})
