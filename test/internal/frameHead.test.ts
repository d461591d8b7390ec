import { describe, expect, it } from "vitest"
import { headLength, headOf, nameOfThrown } from "../../src/internal/frameHead.ts"

describe("headOf", () => {
  it("is all of a short frame", () => {
    expect(headOf("short", false)).toBe("short")
    expect(headOf(Uint8Array.of(0, 255), false)).toBe("00 ff")
  })

  it("is the beginning of a long one, and says so", () => {
    expect(headOf("é".repeat(headLength + 1), false)).toBe(`${"é".repeat(headLength - 1)}…`)
    expect(headOf(new Uint8Array(headLength + 1), false)).toMatch(/^(00 ){64}…$/)
  })

  it("is not told where the codec is redacted", () => {
    expect(headOf("hunter2", true)).toBe("<redacted>")
  })
})

describe("nameOfThrown", () => {
  it("is the class of an error, and nothing that it says", () => {
    expect(nameOfThrown(new SyntaxError("hunter2"))).toBe("SyntaxError")
    expect(nameOfThrown(Object.assign(new Error("hunter2"), { name: "hunter2" }))).toBe("Error")
    expect(nameOfThrown("hunter2")).toBe("string")
  })
})
