import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { runToEnd } from "../support/exampleProcess.ts"

describe("examples/05-resync-after-gap.ts", () => {
  it.live("has the server's tally again after every crash", () =>
    Effect.gen(function*() {
      const { code, output } = yield* runToEnd("05-resync-after-gap.ts")
      assert.strictEqual(code, 0, output)
      for (const session of [1, 2, 3]) assert.include(output, `session ${session}: a snapshot up to vote`)
      const server = /^server: (.*)$/m.exec(output)?.[1]
      assert.match(server ?? "", /^\d\d+ votes \{"dulse":\d+,"kelp":\d+,"nori":\d+\}$/)
      assert.include(output, `\ncopy:   ${server}\n`)
    }))
})
