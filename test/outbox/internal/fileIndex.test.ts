import { assert, describe, it } from "@effect/vitest"
import { FileIndex } from "../../../src/outbox/internal/fileIndex.ts"

const of = (count: number): FileIndex => {
  const index = new FileIndex()
  for (let sequence = 1; sequence <= count; sequence++) index.add({ sequence, offset: sequence * 10, length: 8 })
  return index
}
const numbers = (index: FileIndex, from: number, limit = 1e6) => index.from(from, limit).map(({ sequence }) => sequence)

describe("FileIndex", () => {
  it("finds messages from a number on, and where they lie", () => {
    const index = of(5)
    assert.deepStrictEqual(index.from(4, 1), [{ sequence: 4, offset: 40, length: 8 }])
    assert.deepStrictEqual(numbers(index, 3), [3, 4, 5])
    assert.deepStrictEqual(numbers(index, 6), [])
  })

  it("passes over those that are gone, and tells once that one went", () => {
    const index = of(6)
    assert.isTrue(index.remove(2))
    assert.isTrue(index.remove(5))
    assert.isFalse(index.remove(5))
    assert.isFalse(index.remove(99))
    assert.deepStrictEqual(numbers(index, 0), [1, 3, 4, 6])
    assert.deepStrictEqual(numbers(index, 2, 2), [3, 4])
    assert.deepStrictEqual([index.size, index.bytes], [4, 80])
  })

  it("agrees with a plain list through ten thousand removals", () => {
    const index = of(10_000)
    let list = Array.from({ length: 10_000 }, (_, at) => at + 1)
    for (let round = 0; round < 10; round++) {
      // Mostly from the front, as acknowledgements are.
      const removed = list.filter((sequence, at) => at < 900 || sequence % 97 === round)
      for (const sequence of removed) assert.isTrue(index.remove(sequence))
      const gone = new Set(removed)
      list = list.filter((sequence) => !gone.has(sequence))
      assert.strictEqual(index.size, list.length)
      assert.deepStrictEqual(numbers(index, 0), list)
      assert.deepStrictEqual(numbers(index, 5000, 10), list.filter((sequence) => sequence >= 5000).slice(0, 10))
    }
  })
})
