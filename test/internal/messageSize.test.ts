import { assert, describe, it } from "@effect/vitest"
import { messageSize, weightOf } from "../../src/internal/messageSize.ts"

describe("messageSize", () => {
  it("is the length of the bytes", () => {
    assert.strictEqual(messageSize(new Uint8Array(7)), 7)
    assert.strictEqual(messageSize(new Uint8Array(new ArrayBuffer(10), 2, 3)), 3)
    assert.strictEqual(messageSize(new Uint8Array(0)), 0)
  })

  it.each([
    ["nothing", "", 0],
    ["ASCII", "hello", 5],
    ["the last of one byte", "\u007f", 1],
    ["the first of two bytes", "\u0080", 2],
    ["the last of two bytes", "\u07ff", 2],
    ["the first of three bytes", "\u0800", 3],
    ["the last of three bytes", "\uffff", 3],
    ["a surrogate pair", "😀", 4],
    ["pairs in a row", "😀😀", 8],
    ["text around a pair", "a😀é", 7],
    ["a high surrogate alone", "\ud83d", 3],
    ["a low surrogate alone", "\ude00", 3],
    ["a high surrogate before a pair", "\ud83d😀", 7],
    ["surrogates the wrong way round", "\ude00\ud83d", 6],
    ["a high surrogate before ASCII", "\ud83da", 4]
  ])("is the length in UTF-8 of %s", (_name, text, bytes) => {
    assert.strictEqual(messageSize(text), bytes)
    assert.strictEqual(new TextEncoder().encode(text).length, bytes)
  })

  it("is what an encoder makes of any text", () => {
    const encoder = new TextEncoder()
    let seed = 1
    const next = (): number => seed = (seed * 48_271) % 2_147_483_647
    for (let i = 0; i < 500; i++) {
      const text = String.fromCharCode(...Array.from({ length: next() % 20 }, () => {
        const kind = next() % 4
        return kind === 0 ? next() % 0x80 : kind === 1 ? 0xd800 + (next() % 0x800) : next() % 0x10000
      }))
      assert.strictEqual(messageSize(text), encoder.encode(text).length, JSON.stringify(text))
    }
  })
})

describe("weightOf", () => {
  it("is the size, but an empty message weighs something too", () => {
    assert.deepStrictEqual([0, 1, 2, 1000].map(weightOf), [1, 1, 2, 1000])
  })
})
