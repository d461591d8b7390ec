import { describe, expect, it } from "vitest"
import { bytes, count, rate, roughAge, time } from "../../../../src/cli/page/browser/format.ts"

describe("format", () => {
  it("says ages where there is little room", () => {
    expect([0, 61_000, 3 * 3_600_000 + 60_000].map(roughAge)).toEqual(["0 s", "1 min", "3 h"])
  })

  it("says counts, bytes and rates so that they fit", () => {
    expect([0, 999, 1000, 1234567].map(count)).toEqual(["0", "999", "1\u202f000", "1\u202f234\u202f567"])
    expect([0, 1023, 1024, 1024 * 1023.9, 5e9].map(bytes)).toEqual(["0 B", "1023 B", "1.0 KiB", "1.0 MiB", "4.7 GiB"])
    expect([0, 0.25, 9.96, 999.4, 999.6, 123_456].map(rate)).toEqual(["0", "0.3", "10", "999", "1.0k", "123k"])
  })

  it("says the date where it was another day", () => {
    const now = new Date(2026, 4, 3, 12, 0, 0).getTime()
    expect(time(new Date(2026, 4, 3, 9, 5, 1).getTime(), now)).toBe("09:05:01")
    expect(time(new Date(2026, 4, 2, 9, 5, 1).getTime(), now)).toBe("2 May 09:05:01")
  })
})
