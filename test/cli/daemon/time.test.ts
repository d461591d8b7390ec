import { describe, expect, it } from "vitest"
import { iso, millisOf } from "../../../src/cli/daemon/time.ts"

describe("time", () => {
  it("is told in ISO 8601, and read again", () => {
    expect(iso(0)).toBe("1970-01-01T00:00:00.000Z")
    expect(millisOf(iso(1_700_000_000_123))).toBe(1_700_000_000_123)
    expect(millisOf("soon")).toBeNaN()
  })
})
