import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { acksFrame, headFrame, messagesFrame } from "../../../src/outbox/internal/fileFrames.ts"
import { scan } from "../../../src/outbox/internal/fileScan.ts"

const joined = (...parts: ReadonlyArray<Uint8Array>) => new Uint8Array(Buffer.concat(parts))
const scanned = (bytes: Uint8Array) =>
  Effect.gen(function*() {
    const kinds: Array<string> = []
    const reads: Array<number> = []
    const result = yield* scan(
      (offset, length) =>
        Effect.sync(() => {
          assert.isAtMost(offset + length, bytes.length)
          reads.push(length)
          return bytes.slice(offset, offset + length)
        }),
      bytes.length,
      ({ kind }) => kinds.push(kind)
    )
    return { ...result, kinds, reads: reads.length }
  })

const head = headFrame({ id: "a", next: 1 })
const messages = (text: string) => messagesFrame([{ sequence: 1, payload: text }]).bytes

describe("scan", () => {
  it.effect("hands over every frame of a sound file, in order, with few reads", () =>
    Effect.gen(function*() {
      const large = messages("x".repeat(3_000_000))
      const many = Array.from({ length: 5000 }, () => acksFrame([1]))
      const bytes = joined(head, ...many, large, acksFrame([2]))
      const { end, kinds, reads, rest } = yield* scanned(bytes)
      assert.deepStrictEqual([end, rest, kinds.length], [bytes.length, "nothing", 5003])
      assert.deepStrictEqual(kinds.slice(-2), ["messages", "acks"])
      assert.isBelow(reads, 10)
    }))

  it.effect("calls what ends too soon unfinished", () =>
    Effect.gen(function*() {
      const bytes = joined(head, messages("hello"))
      for (let length = head.length + 1; length < bytes.length; length++) {
        const { end, rest } = yield* scanned(bytes.slice(0, length))
        assert.deepStrictEqual([end, rest], [head.length, "unfinished"])
      }
    }))

  it.effect("calls what is there, and wrong, damaged", () =>
    Effect.gen(function*() {
      const bytes = joined(head, messages("hello"), acksFrame([1]))
      bytes[head.length + 20]! ^= 1
      const { end, kinds, rest } = yield* scanned(bytes)
      assert.deepStrictEqual([end, rest, kinds], [head.length, "damaged", ["head"]])
    }))

  it.effect("calls a length that reaches beyond the file damaged where its header is wrong", () =>
    Effect.gen(function*() {
      const bytes = joined(head, messages("hello"))
      bytes[head.length + 6]! ^= 0x40
      assert.strictEqual((yield* scanned(bytes)).rest, "damaged")
    }))

  it.effect("calls an end of zeros unfinished, however it begins", () =>
    Effect.gen(function*() {
      const begun = messages("x".repeat(2000)).slice(0, 300)
      for (const part of [new Uint8Array(), begun]) {
        const { end, rest } = yield* scanned(joined(head, part, new Uint8Array(3000)))
        assert.deepStrictEqual([end, rest], [head.length, "unfinished"])
      }
    }))
})
