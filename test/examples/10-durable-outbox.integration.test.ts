import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { runToEnd } from "../support/exampleProcess.ts"

describe("examples/10-durable-outbox.ts", () => {
  it.live("delivers what an earlier process accepted, in order, and again what was not acknowledged", () =>
    Effect.gen(function*() {
      const { code, output } = yield* runToEnd("10-durable-outbox.ts")
      assert.strictEqual(code, 0, output)
      assert.include(output, "accepted: {\"_tag\":\"Running\",\"pending\":2,\"inFlight\":0}")
      assert.include(output, "left: {\"_tag\":\"Running\",\"pending\":0,\"inFlight\":0}")
      assert.include(output, "the exchange has: 10 kelp, 20 dulse, 30 nori")
      assert.match(output, /^orders that came twice: [123]$/m)
    }))
})
