import { assert, describe, it } from "@effect/vitest"
import { firstBytes, onOneLine, shorten } from "../../src/internal/text.ts"

describe("shorten", () => {
  it("leaves what is short enough alone", () => {
    assert.strictEqual(shorten("abc", 3), "abc")
  })

  it("marks a cut, and is never longer than asked", () => {
    assert.strictEqual(shorten("abcd", 3), "ab…")
  })

  it("cuts no character in half", () => {
    assert.strictEqual(shorten("a😀bc", 3), "a…")
  })
})

describe("firstBytes", () => {
  it("counts bytes, not characters", () => {
    assert.strictEqual(firstBytes("äöü", 4), "äö")
  })

  it("cuts on a code point, of two, three and four bytes", () => {
    assert.strictEqual(firstBytes("aä", 2), "a")
    assert.strictEqual(firstBytes("a€", 3), "a")
    for (const size of [1, 2, 3, 4]) assert.strictEqual(firstBytes("a😀", size), "a")
    assert.strictEqual(firstBytes("a😀", 5), "a😀")
  })

  it("does the same with bytes", () => {
    const bytes = new TextEncoder().encode("a😀")
    assert.strictEqual(firstBytes(bytes, 4), "a")
    assert.strictEqual(firstBytes(bytes, 5), "a😀")
    assert.strictEqual(firstBytes(bytes, 500), "a😀")
  })

  it("makes something readable of bytes that are no UTF-8", () => {
    assert.strictEqual(firstBytes(new Uint8Array(10).fill(0x80), 4), "\uFFFD".repeat(4))
  })
})

describe("onOneLine", () => {
  it("escapes what is a line's end or worse, and nothing else", () => {
    assert.strictEqual(
      onOneLine("a\r\nb\tc\u0000\u007f\u0085\u2028é🐚\\\""),
      "a\\r\\nb\\tc\\u0000\\u007f\\u0085\\u2028é🐚\\\""
    )
  })
})
