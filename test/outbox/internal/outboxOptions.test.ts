import { assert, describe, it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { checkOptions } from "../../../src/outbox/internal/outboxOptions.ts"

const wrong: ReadonlyArray<readonly [string, object]> = [
  ["name", { name: "" }],
  ["name", { name: undefined }],
  ["inFlight", { inFlight: 0 }],
  ["inFlight", { inFlight: 1.5 }],
  ["inFlight", { inFlight: Infinity }],
  ["storeTimeout", { storeTimeout: 0 }],
  ["storeTimeout", { storeTimeout: "soon" }],
  ["storeTimeout", { storeTimeout: "Infinity" }]
]

describe("the options of an outbox", () => {
  it.effect("have defaults", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* checkOptions({ name: "orders" }), {
        name: "orders",
        inFlight: 64,
        storeTimeout: Duration.seconds(10)
      })
    }))

  for (const [option, given] of wrong) {
    it.effect(`${JSON.stringify(given)} can never work, and the error names ${option}`, () =>
      Effect.gen(function*() {
        const { reason } = yield* Effect.flip(checkOptions({ name: "orders", ...given }))
        assert(reason._tag === "InvalidRequest")
        assert.strictEqual(reason.option, option)
      }))
  }
})
