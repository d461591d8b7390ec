import { describe, expect, it } from "vitest"
import { base64, Printer, type PrintFormat } from "../../../src/cli/connect/printer.ts"
import type { Message } from "../../../src/Link.ts"

const at = () => "2026-01-02T03:04:05.000Z"

/** What is written, piece by piece, as latin1; the printer may use its buffer again meanwhile. */
const pieces = (format: PrintFormat, ...batches: ReadonlyArray<ReadonlyArray<Message>>): ReadonlyArray<string> => {
  const printer = new Printer(format, false)
  return batches.flatMap((batch) =>
    Array.from(printer.pieces(batch, at), (piece) => Buffer.from(piece).toString("utf8"))
  )
}
const printed = (format: PrintFormat, ...messages: ReadonlyArray<Message>) => pieces(format, messages).join("")

describe("a printer", () => {
  it("prints a message a line, in one piece", () => {
    expect(pieces("text", ["a", "ö😀", ""], ["b"])).toEqual(["a\nö😀\n\n", "b\n"])
  })

  it("prints binary messages as they are, in hex, or with nothing in between", () => {
    const bytes = Uint8Array.of(0x61, 0x7f)
    expect(printed("text", bytes, "b")).toBe("a\x7f\nb\n")
    expect(printed("hex", bytes, "b")).toBe("617f\nb\n")
    expect(printed("binary", bytes, "b")).toBe("a\x7fb")
  })

  it("prints one object a line for programs", () => {
    expect(printed("json", "a\nb", Uint8Array.of(0, 255)).trimEnd().split("\n").map((line) => JSON.parse(line)))
      .toEqual([
        { at: at(), kind: "text", data: "a\nb" },
        { at: at(), kind: "binary", base64: "AP8=" }
      ])
  })

  it("cuts a large batch between messages, and prints what is larger than its buffer", () => {
    const messages = Array.from({ length: 3000 }, (_, i) => `${i}`.padEnd(50, "é"))
    const cut = pieces("text", messages)
    expect(cut.length).toBeGreaterThan(1)
    expect(cut.join("")).toBe(`${messages.join("\n")}\n`)
    const large = "x".repeat(100_000)
    expect(printed("text", "a", large, "b")).toBe(`a\n${large}\nb\n`)
    expect(printed("binary", new Uint8Array(100_000).fill(0x61))).toHaveLength(100_000)
  })

  it("does not let a message steer a terminal, unless bytes were asked for", () => {
    const onTerminal = (format: PrintFormat, ...messages: ReadonlyArray<Message>) =>
      Array.from(new Printer(format, true).pieces(messages, at), (piece) => Buffer.from(piece).toString()).join("")
    expect(onTerminal("text", "\u001b[2J\u009b", Uint8Array.of(0x61, 0x07))).toBe("\\x1b[2J\\x9b\na\\x07\n")
    expect(onTerminal("json", "\u009b")).toContain(`"data":"\\u009b"`)
    expect(onTerminal("binary", Uint8Array.of(0x1b))).toBe("\u001b")
  })

  it("prints a part of a larger array only", () => {
    expect(base64(new Uint8Array([9, 0, 255, 9]).subarray(1, 3))).toBe("AP8=")
  })
})
