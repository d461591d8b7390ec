import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { empty, open } from "../../../src/outbox/internal/memoryStore.ts"

describe("the store in memory", () => {
  it.effect("has what an owner before left, under the same id", () =>
    Effect.gen(function*() {
      const kept = empty()
      const first = yield* open(kept, "orders")
      yield* first.append(1, ["1", "2"])
      const second = yield* open(kept, "orders")
      assert.deepStrictEqual([second.id, second.next, second.pending], [first.id, 3, 2])
      assert.notStrictEqual((yield* open(kept, "other")).id, first.id)
    }))

  it.effect("fences the owner before, its acknowledgements too", () =>
    Effect.gen(function*() {
      const kept = empty()
      const first = yield* open(kept, "orders")
      yield* first.append(1, ["1"])
      const second = yield* open(kept, "orders")
      assert.isFalse((yield* Effect.flip(first.ack([1]))).retryable)
      assert.strictEqual((yield* second.read(0, 10)).length, 1)
    }))
})
