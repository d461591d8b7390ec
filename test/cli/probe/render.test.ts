import { describe, expect, it } from "vitest"
import { paragraph, record, row } from "../../../src/cli/probe/render.ts"

const plain = (_style: string, text: string) => text
const marked = (style: string, text: string) => `<${style}>${text}</>`

describe("a step", () => {
  it("is a row with its lines beneath, aligned", () => {
    expect(row({ step: "dns", verdict: "ok", ms: 12.345, text: "a is b", lines: ["c"] }, plain)).toBe(
      "✓ dns           12.3 ms   a is b\n                          c"
    )
    expect(row({ step: "negotiated", verdict: "skipped", text: "since" }, plain)).toBe(
      "– negotiated              since"
    )
    expect(row({ step: "frames", verdict: "warning", ms: 1500, text: "x" }, plain)).toMatch(/^! frames +1\.50 s {3}x$/)
  })

  it("has the colour of its verdict", () => {
    expect(row({ step: "tls", verdict: "failed", text: "no", lines: ["✗ worse"] }, marked)).toMatch(
      /^<red>✗<\/> .*<red>no<\/>\n +<red>✗ worse<\/>$/
    )
  })

  it("does not hand on control characters of the server's", () => {
    expect(row({ step: "answer", verdict: "ok", text: "404 \u001b[31mNo", lines: ["x: \u009b2J"] }, plain)).toBe(
      "✓ answer                  404 \\x1b[31mNo\n                          x: \\x9b2J"
    )
  })

  it("is a record", () => {
    expect(record({ step: "dns", verdict: "ok", ms: 1, text: "t", lines: ["for people"], details: { host: "a" } }))
      .toEqual({
        event: "step",
        step: "dns",
        verdict: "ok",
        ms: 1,
        message: "t",
        details: { host: "a" }
      })
  })
})

describe("a finding", () => {
  it("is a paragraph in lines that are easy to read", () => {
    const text = paragraph({ level: "error", message: "wrong. ".repeat(30).trim(), advice: "change it" }, plain)
    const lines = text.split("\n")
    expect(lines[0]).toMatch(/^✗ wrong\./)
    expect(lines.at(-1)).toBe("  change it")
    for (const line of lines) expect(line.length).toBeLessThanOrEqual(98)
    expect(text.match(/wrong/g)).toHaveLength(30)
  })
})
