import { describe, expect, it } from "vitest"
import { decode, notUtf8 } from "../../../src/node/internal/utf8.ts"

describe("a text", () => {
  it.each([
    ["nothing", ""],
    ["ASCII", "hello"],
    ["letters of two to four bytes", "é€😀"],
    ["a byte order mark", "\ufeffx"],
    ["a replacement character that was sent as one", "a\ufffdb"]
  ])("of %s is decoded as it is", (_name, text) => {
    expect(decode(Buffer.from(text))).toBe(text)
  })

  it.each([
    ["a byte that begins nothing", [0xff]],
    ["a letter that is cut short", [0x61, 0xe2, 0x82]],
    ["a surrogate", [0xed, 0xa0, 0x80]],
    ["more bytes than it needs", [0xc0, 0x80]],
    ["a code point above U+10FFFF", [0xf4, 0x90, 0x80, 0x80]],
    ["a replacement character, and a byte that begins nothing", [0xef, 0xbf, 0xbd, 0xff]]
  ])("with %s is refused", (_name, bytes) => {
    expect(decode(Buffer.from(bytes))).toBeUndefined()
  })

  it("that is refused is answered with 1007", () => {
    expect(notUtf8()).toMatchObject({ _tag: "InvalidPayload", code: 1007, initiator: "self" })
  })
})
