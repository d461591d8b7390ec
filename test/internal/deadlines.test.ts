import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"
import { Deadlines, type Expiring } from "../../src/internal/deadlines.ts"

const at = (moment: number): Expiring => ({ expiresAt: BigInt(moment), place: -1 })

describe("Deadlines", () => {
  it("knows what expires first, and nothing where it is empty", () => {
    const deadlines = new Deadlines<Expiring>()
    assert.isUndefined(deadlines.first)
    const [late, early] = [at(5), at(2)]
    deadlines.add(late)
    deadlines.add(early)
    assert.strictEqual(deadlines.first, early)
    deadlines.remove(early)
    assert.strictEqual(deadlines.first, late)
    assert.strictEqual(early.place, -1)
  })

  it("is none the worse for what it does not hold", () => {
    const deadlines = new Deadlines<Expiring>()
    const one = at(1)
    deadlines.remove(one)
    deadlines.add(one)
    deadlines.remove(one)
    deadlines.remove(one)
    assert.isUndefined(deadlines.first)
  })

  it.effect("gives all in order, whatever came and left in between", () =>
    Effect.gen(function*() {
      for (let round = 0; round < 50; round++) {
        const deadlines = new Deadlines<Expiring>()
        const held = new Set<Expiring>()
        for (let i = 0; i < 200; i++) {
          if (held.size > 0 && (yield* Random.nextIntBetween(0, 2)) === 0) {
            const left = [...held][yield* Random.nextIntBetween(0, held.size - 1)]!
            held.delete(left)
            deadlines.remove(left)
          } else {
            const element = at(yield* Random.nextIntBetween(0, 100))
            held.add(element)
            deadlines.add(element)
          }
          const soonest = [...held].reduce((least, { expiresAt }) => expiresAt < least ? expiresAt : least, 1_000n)
          assert.strictEqual(deadlines.first?.expiresAt, held.size === 0 ? undefined : soonest)
        }
        let last = 0n
        for (let next = deadlines.first; next !== undefined; next = deadlines.first) {
          assert.isTrue(next.expiresAt >= last && held.delete(next))
          last = next.expiresAt
          deadlines.remove(next)
        }
        assert.strictEqual(held.size, 0)
      }
    }))
})
