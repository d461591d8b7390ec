import { PassThrough } from "node:stream"
import { describe, expect, it } from "vitest"
import { readLines, writeLine } from "../../../src/cli/daemon/lines.ts"

const collect = (longest = 100) => {
  const stream = new PassThrough()
  const lines: Array<string> = []
  let tooLong = 0
  readLines(stream, { longest, onLine: (line) => lines.push(line), onTooLong: () => tooLong++ })
  const ended = new Promise<void>((resolve) => stream.on("end", () => resolve()))
  return { stream, lines, tooLong: () => tooLong, ended }
}

describe("lines", () => {
  it("come as they were written, however the bytes are cut", async () => {
    const { ended, lines, stream } = collect()
    for (const byte of Buffer.from("one\n\nzwölf 🚀\nlast")) stream.write(Buffer.of(byte))
    stream.end()
    await ended
    expect(lines).toEqual(["one", "", "zwölf 🚀", "last"])
  })

  it("come all at once", async () => {
    const { ended, lines, stream } = collect()
    stream.end("a\nb\nc\n")
    await ended
    expect(lines).toEqual(["a", "b", "c"])
  })

  it("are dropped where they grow too long", async () => {
    const { ended, lines, stream, tooLong } = collect(10)
    stream.write("x".repeat(8))
    stream.write("x".repeat(8))
    stream.end("\nshort\n")
    await ended
    expect(tooLong()).toBe(1)
    expect(lines).toEqual(["", "short"])
  })

  it("are written with an end, and not at all to who has gone", () => {
    const stream = new PassThrough()
    writeLine(stream, "one")
    expect(String(stream.read())).toBe("one\n")
    stream.destroy()
    writeLine(stream, "two")
    expect(stream.read()).toBeNull()
  })
})
