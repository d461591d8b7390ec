import { describe, expect, it } from "vitest"
import { readHead } from "../../../src/cli/probe/responseHead.ts"

const read = (text: string) => readHead(Buffer.from(text, "latin1"))

describe("the head of a response", () => {
  it("is waited for", () => {
    for (const part of ["", "H", "HTTP/1", "HTTP/1.1 101 Switching\r\nA: b\r\n"]) expect(read(part)).toBeUndefined()
  })

  it("is read as it stood there", () => {
    expect(read("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nX-Two:  b \r\n\r\nrest")).toEqual({
      _tag: "Head",
      version: "1.1",
      status: 101,
      phrase: "Switching Protocols",
      headers: [["Upgrade", "websocket"], ["X-Two", "b"]],
      flaw: undefined,
      length: 68
    })
    expect(read("HTTP/1.0 200\r\n\r\n")).toMatchObject({ version: "1.0", status: 200, phrase: "", headers: [] })
  })

  it("shows what is wrong with it, and goes on", () => {
    expect(read("HTTP/1.1 101 OK\r\nBad Name: x\r\n\r\n")).toMatchObject({ flaw: "the header line \"Bad Name: x\"" })
  })

  it.each([
    ["\x15\x03\x01\x00\x02\x02\x46", "tls"],
    ["\x00\x00\x12\x04\x00\x00\x00\x00\x00\x00\x03", "http2"],
    ["SSH-2.0-OpenSSH\r\n", "other"],
    ["HTTP/1.1 OK\r\n\r\n", "other"]
  ])("is none where something else speaks: %j", (bytes, speaks) => {
    expect(read(bytes)).toMatchObject({ _tag: "NoHead", speaks })
  })

  it("is none where it never ends", () => {
    expect(read(`HTTP/1.1 200 OK\r\nA: ${"x".repeat(70_000)}`)).toMatchObject({ _tag: "NoHead" })
  })
})
