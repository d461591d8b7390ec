import { describe, expect, it } from "vitest"
import { visible, visibleAndColoured, visibleJson } from "../../src/cli/visible.ts"

describe("a text of somebody else's", () => {
  it("has its control characters written out, those above 0x7f too", () => {
    expect(visible("\u001b[2Jcleared\u001b]0;title\u0007 \u009b31m\r\0")).toBe(
      "\\x1b[2Jcleared\\x1b]0;title\\x07 \\x9b31m\\x0d\\x00"
    )
  })

  it("keeps line breaks, tabs, and every other script", () => {
    expect(visible("a\n\tb é 日本 🌊")).toBe("a\n\tb é 日本 🌊")
  })

  it("is the same value in JSON, written so that it steers nothing", () => {
    const value = { text: "\u0000\u007f\u009b\u001b[2J é" }
    expect(visibleJson(value)).not.toMatch(/\p{Cc}/u)
    expect(JSON.parse(visibleJson(value))).toEqual(value)
  })

  it("may keep colours, but nothing that moves the cursor", () => {
    expect(visibleAndColoured("\u001b[31mred\u001b[39m\u001b[2J")).toBe("\u001b[31mred\u001b[39m\\x1b[2J")
  })
})
