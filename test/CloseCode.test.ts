import { assert, describe, it } from "@effect/vitest"
import * as CloseCode from "../src/CloseCode.ts"

const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, index) => from + index)

describe("close codes", () => {
  it("that a client may send are 1000–1003, 1007–1011 and 3000–4999 (RFC 6455 §7.4)", () => {
    const sendable = range(0, 6000).filter(CloseCode.isSendable)
    assert.deepStrictEqual(sendable, [...range(1000, 1003), ...range(1007, 1011), ...range(3000, 4999)])
  })

  it("that may be on the wire are those and 1012–1014, which are a server's to say", () => {
    const receivable = range(0, 6000).filter(CloseCode.isReceivable)
    assert.deepStrictEqual(receivable, [...range(1000, 1003), ...range(1007, 1014), ...range(3000, 4999)])
  })

  it("are whole numbers", () => {
    for (const code of [1000.5, 3000.5, Number.NaN, Number.POSITIVE_INFINITY, -1000, "1000" as unknown as number]) {
      assert.isFalse(CloseCode.isSendable(code), String(code))
      assert.isFalse(CloseCode.isReceivable(code), String(code))
    }
  })

  it("have a name and a meaning, any number at all", () => {
    assert.strictEqual(CloseCode.format(1012), "1012 (Service Restart)")
    assert.strictEqual(CloseCode.format(3001), "3001 (Registered)")
    assert.strictEqual(CloseCode.format(3003), "3003 (Forbidden)")
    assert.strictEqual(CloseCode.format(4004), "4004 (Private)")
    assert.strictEqual(CloseCode.format(1016), "1016 (Illegal)")
    for (const code of range(900, 5100)) {
      const info = CloseCode.get(code)
      assert.strictEqual(info.code, code)
      assert.isNotEmpty(info.meaning)
    }
  })
})

describe("a close reason", () => {
  const bytes = (text: string) => new TextEncoder().encode(text).length

  it("is left alone up to 123 bytes of UTF-8 (RFC 6455 §5.5)", () => {
    for (const reason of ["", "going away", "x".repeat(123), "ä".repeat(61)]) {
      assert.strictEqual(CloseCode.truncateReason(reason), reason)
    }
  })

  it("is cut to at most 123 bytes, on a code point", () => {
    assert.strictEqual(CloseCode.truncateReason("x".repeat(124)), "x".repeat(123))
    assert.strictEqual(CloseCode.truncateReason("ä".repeat(62)), "ä".repeat(61))
    assert.strictEqual(CloseCode.truncateReason("€".repeat(42)), "€".repeat(41))
    assert.strictEqual(CloseCode.truncateReason("x" + "😀".repeat(40)), "x" + "😀".repeat(30))
  })

  it("has U+FFFD for half a character", () => {
    assert.strictEqual(CloseCode.truncateReason("a\uD83D"), "a\uFFFD")
    assert.isAtMost(bytes(CloseCode.truncateReason("\uD83D".repeat(100))), 123)
  })
})
