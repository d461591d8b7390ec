import { describe, expect, it } from "vitest"
import { batchOf, note, slicesOf } from "../../src/internal/bursts.ts"

describe("a batch for a slow reader", () => {
  it("is the parts of its bursts in order, and knows them", () => {
    const parts = [{ messages: ["a", "b", "c"], start: 1, end: 3 }, { messages: ["d"], start: 0, end: 1 }]
    const batch = batchOf(parts)
    expect(batch).toEqual(["b", "c", "d"])
    expect(slicesOf(batch)).toBe(parts)
  })

  it("is something else than a burst", () => {
    expect(slicesOf(["a"])).toBe(undefined)
  })
})

describe("a note on a batch", () => {
  it("is seen by nobody who does not look, and can be replaced", () => {
    const key = Symbol("key")
    const batch = ["a"]
    note(batch, key, 1)
    note(batch, key, 2)
    expect((batch as { readonly [key]?: number })[key]).toBe(2)
    expect(batch).toStrictEqual(["a"])
    expect(Object.keys(batch)).toEqual(["0"])
  })

  it("is not kept where the batch is frozen", () => {
    const key = Symbol("key")
    const batch = Object.freeze(["a"])
    note(batch, key, 1)
    expect(key in batch).toBe(false)
  })
})
