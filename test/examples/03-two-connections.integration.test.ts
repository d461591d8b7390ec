import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { runToEnd } from "../support/exampleProcess.ts"

describe("examples/03-two-connections.ts", () => {
  it.live("buys over one connection what the other one offers, and closes both", () =>
    Effect.gen(function*() {
      const { code, output } = yield* runToEnd("03-two-connections.ts")
      assert.strictEqual(code, 0, output)
      assert.deepStrictEqual(output.split("\n"), [
        "ordering #1: KELP at 100",
        "confirmed: {\"confirmed\":1}",
        "ordering #2: KELP at 100",
        "confirmed: {\"confirmed\":2}",
        "both connections are closed",
        ""
      ])
    }))
})
