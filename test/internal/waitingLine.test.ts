import { assert, describe, it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import { type Frame, WaitingLine } from "../../src/internal/waitingLine.ts"

const frame = (
  message: string,
  { expiresAt, key }: { readonly expiresAt?: number; readonly key?: string } = {}
): Frame => ({
  message,
  bytes: message.length,
  buffered: false,
  waitsFor: "any",
  settle: undefined,
  wanted: {
    expiresAt: expiresAt === undefined ? undefined : BigInt(expiresAt),
    expireAfter: expiresAt === undefined ? undefined : Duration.nanos(BigInt(expiresAt)),
    replaceKey: key
  }
})

/** A line of frames, in order. */
const make = (...frames: ReadonlyArray<Frame>) => {
  const line = new WaitingLine()
  return { line, entries: frames.map((frame, i) => line.add(i + 1, frame)) }
}

const messages = (line: WaitingLine) => [...line].map(({ frame }) => frame.message)

describe("WaitingLine", () => {
  it("keeps the order of what came, whoever leaves from wherever", () => {
    const { entries, line } = make(frame("a"), frame("b"), frame("c"), frame("d"))
    assert.strictEqual(line.length, 4)
    line.remove(entries[1]!)
    assert.deepStrictEqual(messages(line), ["a", "c", "d"])
    line.remove(entries[3]!)
    assert.deepStrictEqual(messages(line), ["a", "c"])
    line.add(5, frame("e"))
    line.remove(entries[0]!)
    assert.deepStrictEqual(messages(line), ["c", "e"])
    assert.strictEqual(line.head, entries[2])
    assert.deepStrictEqual(entries.map(({ isWaiting }) => isWaiting), [false, false, true, false])
    for (const entry of line) line.remove(entry)
    assert.strictEqual(line.length, 0)
    assert.isUndefined(line.head)
    line.add(6, frame("f"))
    assert.deepStrictEqual(messages(line), ["f"])
  })

  it("finds a key as long as its frame waits", () => {
    const { entries: [first], line } = make(frame("a", { key: "k" }), frame("b"))
    assert.strictEqual(line.keyedBy("k"), first)
    assert.isUndefined(line.keyedBy("other"))
    assert.isUndefined(line.keyedBy(undefined))
    assert.strictEqual(line.replace(first!, frame("newer", { key: "k" })).message, "a")
    assert.deepStrictEqual(messages(line), ["newer", "b"])
    line.remove(first!)
    assert.isUndefined(line.keyedBy("k"))
  })

  it("knows what expires first, of those that wait", () => {
    const { entries: [a, b, c], line } = make(
      frame("a", { expiresAt: 30 }),
      frame("b", { expiresAt: 10, key: "k" }),
      frame("c", { expiresAt: 20 })
    )
    assert.strictEqual(line.nextToExpire, b)
    line.replace(b!, frame("newer", { expiresAt: 40, key: "k" }))
    assert.strictEqual(line.nextToExpire, c)
    line.remove(c!)
    assert.strictEqual(line.nextToExpire, a)
    line.remove(a!)
    assert.strictEqual(line.nextToExpire, b)
    line.replace(b!, frame("for ever", { key: "k" }))
    assert.isUndefined(line.nextToExpire)
  })
})
