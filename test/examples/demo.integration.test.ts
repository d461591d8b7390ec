import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { acts } from "../../examples/demo/acts.ts"
import { runExample, runToEnd } from "../support/exampleProcess.ts"

describe("npm run demo", () => {
  it.live("lives through every misbehaviour within 40 s, and says that everything held", () =>
    Effect.gen(function*() {
      const began = performance.now()
      const { code, output } = yield* runToEnd("demo.ts")
      assert.strictEqual(code, 0, output)
      assert.isBelow(performance.now() - began, 40_000)
      assert.include(output, "Everything held.")
      for (const [index, act] of acts.entries()) {
        assert.include(output, `\n${index + 1}. ${act.server}\n   Expected: ${act.expected}\n`)
        assert.include(output, `✓ ${act.server}`)
      }
      for (const option of ["heartbeat", "schedule", "resetAfter", "classify", "inbound"]) {
        assert.match(output, new RegExp(`^ {3}${option} +\\S`, "m"))
      }
      for (const status of ["connecting", "failed", "waiting", "open", "lost", "paused", "reading", "closed"]) {
        assert.match(output, new RegExp(`^ +\\d+\\.\\d\\d s  ${status} `, "m"))
      }
      assert.match(output, /alive +round trip \d+\.\d\d ms/)
      assert.match(output, /#\d+–#\d+ +sent while no session was open/)
      assert.match(output, /lost with session \d+ \(HeartbeatTimeout\)/)
      assert.match(output, /lost with session \d+ \(AbnormalClosure\)/)
      // Nobody looks at it on a terminal.
      assert.notInclude(output, "\u001b[")
    }), 60_000)

  it.live.each(
    [
      ["has colours with FORCE_COLOR", { FORCE_COLOR: "1" }, true],
      ["has no colours where nobody looks", {}, false],
      ["has no colours with NO_COLOR, whatever FORCE_COLOR says", { FORCE_COLOR: "1", NO_COLOR: "1" }, false]
    ] as const
  )("%s", ([, env, coloured]) =>
    Effect.gen(function*() {
      const demo = yield* runExample("demo.ts", { env })
      yield* demo.prints("1. The server refuses")
      assert.strictEqual(demo.output().includes("\u001b["), coloured)
    }))
})
