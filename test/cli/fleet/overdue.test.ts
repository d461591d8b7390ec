import { describe, expect, it } from "vitest"
import { overdue } from "../../../src/cli/fleet/overdue.ts"
import { report } from "../../support/reports.ts"

const silent = { lastByteAge: 61_000 } as const

describe("a heartbeat", () => {
  it("is dead where a session has outlived every limit of silence", () => {
    expect(overdue([report(), report({ name: "dead", ...silent })])).toEqual(["dead"])
  })

  it("is not missed where nothing is judged: paused, not open, or without pings of ours", () => {
    const { silenceLimit: _, ...unwatched } = report(silent)
    expect(overdue([report({ ...silent, paused: true }), report({ ...silent, state: "Closing" }), unwatched])).toEqual(
      []
    )
  })

  it("may be as late as a busy machine is", () => {
    expect(overdue([report({ lastByteAge: 59_000 })])).toEqual([])
  })
})
