import { describe, expect, it } from "vitest"
import { brief, iso, millisOf } from "../../../src/cli/daemon/time.ts"

describe("time", () => {
  it("is told in ISO 8601, and read again", () => {
    expect(iso(0)).toBe("1970-01-01T00:00:00.000Z")
    expect(millisOf(iso(1_700_000_000_123))).toBe(1_700_000_000_123)
    expect(millisOf("soon")).toBeNaN()
  })

  it.each([
    [-5, "0 ms"],
    [350, "350 ms"],
    [2449, "2.4 s"],
    [59_999, "59.9 s"],
    [60_000, "1m"],
    [320_000, "5m 20s"],
    [2 * 3_600_000 + 59_000, "2h"],
    [3 * 86_400_000 + 4 * 3_600_000, "3d 4h"]
  ])("%d ms is told as %s", (millis, text) => {
    expect(brief(millis)).toBe(text)
  })
})
