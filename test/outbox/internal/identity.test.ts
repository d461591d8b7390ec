import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"
import { drawId } from "../../../src/outbox/internal/identity.ts"

describe("drawId", () => {
  it.effect("draws 16 hexadecimal digits, others each time", () =>
    Effect.gen(function*() {
      const ids = yield* Effect.all(Array.from({ length: 100 }, () => drawId))
      assert.strictEqual(new Set(ids).size, 100)
      for (const id of ids) assert.match(id, /^[0-9a-f]{16}$/)
    }))

  it.effect("draws from Effect's Random", () =>
    Effect.gen(function*() {
      const [one, same] = [yield* Random.withSeed(drawId, "seed"), yield* Random.withSeed(drawId, "seed")]
      assert.strictEqual(one, same)
    }))
})
