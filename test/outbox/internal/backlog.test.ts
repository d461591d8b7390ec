import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { ahead, Backlog } from "../../../src/outbox/internal/backlog.ts"
import { beside, settle } from "../../support/connect.ts"

const opened = (next: number, pending: number): Backlog => {
  const backlog = new Backlog()
  backlog.opened({ next, pending })
  return backlog
}
const entries = (from: number, count: number) =>
  Array.from({ length: count }, (_, index) => ({ sequence: from + index, payload: `${from + index}` }))

/** Takes all that is ready. */
const take = (backlog: Backlog) => {
  const taken: Array<number> = []
  for (let head = backlog.head; head !== undefined; head = backlog.head) {
    taken.push(head.sequence)
    backlog.shift()
  }
  return taken
}

describe("Backlog", () => {
  it("hands on what was just stored, without reading it", () => {
    const backlog = opened(5, 0)
    backlog.stored(["a", "b"])
    assert.deepStrictEqual(take(backlog), [5, 6])
    assert.deepStrictEqual([backlog.next, backlog.pending], [7, 2])
  })

  it.effect("has what was left read first, piece by piece, and then what came meanwhile", () =>
    Effect.gen(function*() {
      const backlog = opened(301, 300)
      const first = yield* backlog.errand
      assert.deepStrictEqual(first, { _tag: "Read", from: 1, before: 301 })
      backlog.stored(["new"])
      backlog.read(entries(1, ahead), first as never)
      assert.deepStrictEqual(take(backlog).at(-1), ahead)
      const second = yield* backlog.errand
      assert.deepStrictEqual(second, { _tag: "Read", from: ahead + 1, before: 302 })
      backlog.read(entries(ahead + 1, 302 - ahead - 1), second as never)
      assert.deepStrictEqual(take(backlog), entries(ahead + 1, 302 - ahead - 1).map(({ sequence }) => sequence))
      backlog.stored(["newer"])
      assert.deepStrictEqual(take(backlog), [302])
    }))

  it.effect("leaves for later what the store has but was not yet said to have", () =>
    Effect.gen(function*() {
      const backlog = opened(3, 2)
      const errand = yield* backlog.errand
      backlog.read(entries(1, 4), errand as never)
      assert.deepStrictEqual(take(backlog), [1, 2])
      backlog.stored(["3", "4"])
      assert.deepStrictEqual(take(backlog), [3, 4])
    }))

  it.effect("has acknowledged messages removed together, and frees their places only then", () =>
    Effect.gen(function*() {
      const backlog = opened(1, 0)
      backlog.stored(["a", "b", "c"])
      for (const sequence of [1, 2, 3]) {
        backlog.shift()
        backlog.window.add({ sequence, id: `${sequence}`, frame: "", acknowledged: false })
      }
      const errand = yield* beside(backlog.errand)
      yield* settle
      backlog.acknowledge("2")
      backlog.acknowledge(["1", "2"])
      assert.deepStrictEqual(yield* Fiber.join(errand), { _tag: "Remove", sequences: [2, 1] })
      assert.strictEqual(backlog.window.size, 3)
      backlog.removed([2, 1])
      assert.deepStrictEqual([backlog.window.size, backlog.pending], [1, 1])
    }))

  it.effect("is empty once it was opened and everything is removed", () =>
    Effect.gen(function*() {
      const backlog = new Backlog()
      const waiting = yield* beside(backlog.awaitEmpty(Effect.sync(() => backlog.isEmpty)))
      assert.isFalse(backlog.isEmpty)
      backlog.opened({ next: 1, pending: 0 })
      assert.isTrue(yield* Fiber.join(waiting))
    }))
})
