import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import { Subscription } from "../../src/internal/subscription.ts"

/** Three messages of ten bytes in two bursts. */
const make = (): Subscription => {
  const subscription = new Subscription({ parked: true, ofSession: true })
  subscription.append(["a".repeat(10), "b".repeat(10)], 20)
  subscription.append(["c".repeat(10)], 10)
  return subscription
}

const letters = (messages: ReadonlyArray<unknown> | undefined): string | undefined =>
  messages?.map((message) => String(message)[0]).join("")

describe("taking", () => {
  it("hands over the very array of a burst that waits alone and whole", () => {
    const subscription = new Subscription({ parked: false })
    const burst = ["a", "b"]
    subscription.append(burst, 2)
    assert.strictEqual<unknown>(subscription.takeAll(), burst)
    assert.strictEqual(subscription.bytes, 0)
    assert.isUndefined(subscription.takeAll())
  })

  it("leaves the array of a burst as it was for the others", () => {
    const subscription = new Subscription({ parked: false })
    const burst = ["a", "b", "c"]
    subscription.append(burst, 3)
    assert.strictEqual(subscription.takeOne(), "a")
    subscription.cut(1, "newest")
    assert.deepStrictEqual(subscription.takeAll(), ["b"])
    assert.deepStrictEqual(burst, ["a", "b", "c"])
  })

  it("gives all bursts at once, in order, and single messages across them", () => {
    assert.strictEqual(letters(make().takeAll()), "abc")
    const subscription = make()
    const seen = [subscription.takeOne(), subscription.takeOne(), subscription.takeOne()]
    assert.strictEqual(letters(seen), "abc")
    assert.isUndefined(subscription.takeOne())
    assert.strictEqual(subscription.bytes, 0)
  })

  it("tells an empty message from none", () => {
    const subscription = new Subscription({ parked: false })
    subscription.append([], 0)
    assert.isUndefined(subscription.takeOne())
    subscription.append(["", ""], 2)
    assert.strictEqual(subscription.takeOne(), "")
    assert.strictEqual(subscription.bytes, 1)
    assert.deepStrictEqual(subscription.takeAll(), [""])
  })
})

describe("the mark", () => {
  for (const [side, mark, left] of [["oldest", 20, "bc"], ["newest", 20, "ab"], ["newest", 10, "a"]] as const) {
    it(`is reached by dropping the ${side} down to ${mark} bytes`, () => {
      const subscription = make()
      const messages = 3 - left.length
      assert.deepStrictEqual(subscription.cut(mark, side), { messages, bytes: 10 * messages })
      assert.strictEqual(subscription.bytes, 10 * left.length)
      assert.strictEqual(letters(subscription.takeAll()), left)
    })
  }

  it("leaves the last message, however large it is", () => {
    for (const [side, left] of [["oldest", "c"], ["newest", "a"]] as const) {
      const subscription = make()
      assert.deepStrictEqual(subscription.cut(5, side), { messages: 2, bytes: 20 })
      assert.strictEqual(letters(subscription.takeAll()), left)
    }
  })

  it("counts an empty message as one byte, though its size is none", () => {
    const subscription = new Subscription({ parked: false })
    subscription.append(["", "", ""], 3)
    assert.deepStrictEqual(subscription.cut(1, "oldest"), { messages: 2, bytes: 0 })
    assert.strictEqual(subscription.bytes, 1)
  })

  it("is held by whole bursts while nobody reads, and exactly once somebody does", () => {
    const subscription = make()
    subscription.missBursts(11)
    assert.deepStrictEqual([subscription.missed, subscription.bytes], [0, 30])
    subscription.missBursts(10)
    assert.deepStrictEqual([subscription.missed, subscription.missedBytes, subscription.bytes], [2, 20, 10])
    subscription.append(["d".repeat(10)], 10)
    subscription.missAbove(15)
    assert.deepStrictEqual([subscription.missed, subscription.missedBytes], [3, 30])
    assert.strictEqual(letters(subscription.takeAll()), "d")
  })
})

describe("a copy", () => {
  it("is parked, with the same messages and misses, and goes its own way", () => {
    const original = make()
    original.missAbove(20)
    original.takeOne()
    original.end = Cause.done()
    const copy = original.copy()
    assert.deepStrictEqual([copy.parked, copy.ofSession, copy.missed, copy.missedBytes], [true, true, 1, 10])
    assert.strictEqual<unknown>(copy.end, original.end)
    assert.strictEqual(letters([original.takeOne()]), "c")
    assert.strictEqual(letters(copy.takeAll()), "c")
    assert.deepStrictEqual([original.bytes, copy.bytes], [0, 0])
  })
})

describe("clear", () => {
  it("forgets what waits", () => {
    const subscription = make()
    subscription.clear()
    assert.strictEqual(subscription.bytes, 0)
    assert.isUndefined(subscription.takeOne())
  })
})
