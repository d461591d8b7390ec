import { describe, expect, it } from "vitest"
import { batchOf, slicesOf } from "../../src/internal/bursts.ts"

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
