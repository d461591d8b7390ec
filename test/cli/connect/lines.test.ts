import { Result } from "effect"
import { describe, expect, it } from "vitest"
import { type LineFormat, LineSplitter, longest } from "../../../src/cli/connect/lines.ts"

const bytes = (text: string) => new TextEncoder().encode(text)

const split = (format: LineFormat, chunks: ReadonlyArray<string | Uint8Array>) => {
  const splitter = new LineSplitter(format)
  const pushed = chunks.map((chunk) => splitter.push(typeof chunk === "string" ? bytes(chunk) : chunk))
  return Result.map(Result.all([...pushed, splitter.finish()]), (parts) => parts.flat())
}
const lines = (format: LineFormat, ...chunks: ReadonlyArray<string | Uint8Array>) =>
  Result.getOrThrow(split(format, chunks))
const problem = (format: LineFormat, ...chunks: ReadonlyArray<string | Uint8Array>) =>
  Result.getOrThrow(Result.flip(split(format, chunks)))

describe("lines of text", () => {
  it("are messages, wherever the chunks were cut", () => {
    const text = "one\ntwö\r\n\nfour 😀\nlast"
    const all = bytes(text)
    for (let at = 0; at <= all.length; at++) {
      expect(lines("text", all.subarray(0, at), all.subarray(at))).toEqual(["one", "twö", "", "four 😀", "last"])
    }
    expect(lines("text", ...Array.from(all, (byte) => Uint8Array.of(byte)))).toHaveLength(5)
  })

  it("need no end at the end, and an end begins no line", () => {
    expect(lines("text", "a\n")).toEqual(["a"])
    expect(lines("text", "a")).toEqual(["a"])
    expect(lines("text", "")).toEqual([])
    expect(lines("text", "\n")).toEqual([""])
  })

  it("keep a byte order mark, and a return that is not at their end", () => {
    expect(lines("text", "\uFEFFa\rb\r\n")).toEqual(["\uFEFFa\rb"])
  })

  it("that are not UTF-8 are told with their number", () => {
    expect(problem("text", "a\nb\n", Uint8Array.of(0xff, 0x0a))).toEqual({
      line: 3,
      problem: "is not UTF-8; --binary sends lines as they are"
    })
    expect(problem("text", "a\n", Uint8Array.of(0x61, 0x0a, 0xff, 0x0a, 0x62, 0x0a))).toMatchObject({ line: 3 })
  })

  it("are not gathered without a bound", () => {
    expect(problem("text", new Uint8Array(longest), "x").problem).toContain("64 MiB")
  })
})

describe("lines of bytes", () => {
  it("are messages as they are", () => {
    const messages = lines("binary", Uint8Array.of(0xff, 0x0a, 0x00, 0x0d, 0x0a, 0x0a), "x")
    expect(messages.map((message) => Array.from(message as Uint8Array))).toEqual([[0xff], [0x00], [], [0x78]])
  })
})

describe("lines of hex", () => {
  it("are bytes", () => {
    expect(lines("hex", "00ff\n48 65:6C\n\n")).toEqual([
      Uint8Array.of(0, 255),
      Uint8Array.of(0x48, 0x65, 0x6c),
      new Uint8Array()
    ])
  })

  it("that are none are told with their number", () => {
    expect(problem("hex", "00\n0\n")).toEqual({ line: 2, problem: "is not hex: write pairs of 0-9 and a-f" })
  })
})
