import { describe, expect, it } from "vitest"
import { LineSplitter, longestLine } from "../../../src/cli/run/lineSplitter.ts"

const bytes = (text: string) => Buffer.from(text)

describe("lines", () => {
  it("come out of pieces", () => {
    const lines = new LineSplitter()
    expect(lines.push(bytes("a\nb"))).toEqual(["a"])
    expect(lines.push(bytes("c\r\n\nd"))).toEqual(["bc", ""])
    expect(lines.end()).toEqual(["d"])
    expect(lines.push(bytes("e\n"))).toEqual(["e"])
    expect(lines.end()).toEqual([])
  })

  it("are not broken where a character is", () => {
    const lines = new LineSplitter()
    const euro = bytes("€\n")
    expect(lines.push(euro.subarray(0, 1))).toEqual([])
    expect(lines.push(euro.subarray(1))).toEqual(["€"])
  })

  it("that are too long are left out, and counted once", () => {
    const lines = new LineSplitter()
    const long = Buffer.alloc(longestLine / 2 + 10, "x")
    for (let i = 0; i < 6; i++) expect(lines.push(long)).toEqual([])
    expect(lines.push(bytes("end\nnext\n"))).toEqual(["next"])
    expect(lines.skipped).toBe(1)
  })
})
