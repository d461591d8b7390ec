import { assert, describe, it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { checkBuffer, checkSubscriptions } from "../../src/internal/subscriptionOptions.ts"

describe("the options of subscriptions", () => {
  it.effect("have defaults", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* checkSubscriptions({}), {
        confirmTimeout: Duration.seconds(10),
        buffer: { capacity: 1024, overflow: "backpressure" },
        batch: 100,
        rateLimit: undefined
      })
    }))

  it.effect("of a subscriber go before those of the whole, one by one", () =>
    Effect.gen(function*() {
      const whole = { capacity: 8, overflow: "dropOldest" } as const
      assert.deepStrictEqual(yield* checkBuffer(undefined, whole), whole)
      assert.deepStrictEqual(yield* checkBuffer({ capacity: 2 }, whole), { capacity: 2, overflow: "dropOldest" })
      assert.deepStrictEqual(yield* checkBuffer({ overflow: "fail" }, whole), { capacity: 8, overflow: "fail" })
    }))

  it.effect.each<readonly [options: Parameters<typeof checkSubscriptions>[0], name: string]>([
    [{ confirmTimeout: 0 }, "confirmTimeout"],
    [{ buffer: { capacity: 0 } }, "buffer.capacity"],
    [{ buffer: { overflow: "wait" as "fail" } }, "buffer.overflow"],
    [{ replay: { batch: -1 } }, "replay.batch"],
    [{ replay: { rateLimit: { limit: NaN, window: 1 } } }, "replay.rateLimit.limit"],
    [{ replay: { rateLimit: { limit: 1, window: "Infinity" as const } } }, "replay.rateLimit.window"]
  ])("%o is refused by name", ([options, name]) =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(checkSubscriptions(options))
      assert.isTrue(error.reason._tag === "InvalidRequest" && error.reason.option === name, error.message)
    }))
})
