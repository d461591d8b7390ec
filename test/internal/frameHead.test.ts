import { describe, expect, it } from "vitest"
import { headLength, headOf } from "../../src/internal/frameHead.ts"

describe("headOf", () => {
  it("is all of a short frame", () => {
    expect(headOf("short")).toBe("short")
    expect(headOf(Uint8Array.of(0, 255))).toBe("00 ff")
  })

  it("is the beginning of a long one, and says so", () => {
    expect(headOf("é".repeat(headLength + 1))).toBe(`${"é".repeat(headLength - 1)}…`)
    expect(headOf(new Uint8Array(headLength + 1))).toMatch(/^(00 ){64}…$/)
  })
})
