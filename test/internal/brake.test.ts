import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { Brake } from "../../src/internal/brake.ts"
import { settle } from "../support/connect.ts"

describe("the brake", () => {
  it.effect("is one subscription of the connection that nobody reads, as long as somebody is behind", () =>
    Effect.gen(function*() {
      let [taken, released] = [0, 0]
      const subscribe = Effect.as(
        Effect.acquireRelease(Effect.sync(() => taken++), () => Effect.sync(() => released++)),
        Effect.never
      )
      const context = yield* Effect.context<never>()
      const scope = yield* Effect.scope
      const brake = new Brake(subscribe, (effect) => Fiber.runIn(Effect.runForkWith(context)(effect), scope))
      assert.isFalse(brake.isOn)
      brake.hold("a")
      brake.hold("b")
      brake.release("a")
      yield* settle
      assert.deepStrictEqual([brake.isOn, taken, released], [true, 1, 0])
      brake.release("b")
      brake.release("b")
      yield* settle
      assert.deepStrictEqual([brake.isOn, taken, released], [false, 1, 1])
      brake.hold("a")
      assert.strictEqual(taken, 2)
    }))
})
