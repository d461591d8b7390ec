import { assert, describe, it } from "@effect/vitest"
import { HeldMessages } from "../../src/internal/heldMessages.ts"

describe("HeldMessages", () => {
  it("are taken all at once, in order", () => {
    const held = new HeldMessages()
    assert.isUndefined(held.take())
    held.keep("a", 1)
    held.keep("bb", 2)
    assert.strictEqual(held.bytes, 3)
    assert.deepStrictEqual(held.take(), ["a", "bb"])
    assert.strictEqual(held.bytes, 0)
    assert.isUndefined(held.take())
  })

  it("can be kept again after they were taken, apart from those that were", () => {
    const held = new HeldMessages()
    held.keep("a", 1)
    const first = held.take()
    held.keep("b", 1)
    assert.deepStrictEqual(first, ["a"])
    assert.deepStrictEqual(held.take(), ["b"])
  })

  it("are handed over with their sizes, in order", () => {
    const held = new HeldMessages()
    held.keep("a", 1)
    held.take()
    held.keep("é", 2)
    held.keep(new Uint8Array(3), 3)
    const seen: Array<unknown> = []
    held.handOver({ onMessage: (message, bytes) => seen.push([message, bytes]), onEnd: () => seen.push("end") })
    assert.deepStrictEqual(seen, [["é", 2], [new Uint8Array(3), 3]])
  })
})
