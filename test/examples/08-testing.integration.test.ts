import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { runToEnd } from "../support/exampleProcess.ts"

describe("examples/08-testing.ts", () => {
  it.live("prints an outage of a minute without taking that long", () =>
    Effect.gen(function*() {
      const { code, output } = yield* runToEnd("08-testing.ts")
      assert.strictEqual(code, 0, output)
      assert.match(output, /^ {2}0\.0 s {2}the app sent: buy at 99\.50$/m)
      assert.match(output, /failed with ECONNREFUSED$/m)
      assert.match(output, /^ 60\.0 s {2}is the app trading\? false$/m)
      assert.match(output, /^ 90\.0 s {2}is the app trading\? true$/m)
      assert.match(output, /^ 90\.0 s {2}the app sent: buy at 98\.00$/m)
    }))
})
