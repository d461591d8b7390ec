import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { runToEnd } from "../support/exampleProcess.ts"

describe("examples/12-slack-socket-mode.ts", () => {
  it.live(
    "40. Slack-like: a new one-time URL per attempt; \"about to disconnect\" message; the server never closes TCP",
    () =>
      Effect.gen(function*() {
        const { code, output } = yield* runToEnd("12-slack-socket-mode.ts")
        assert.strictEqual(code, 0, output)
        assert.deepStrictEqual(output.split("\n").filter((line) => !line.includes("WARN")), [
          "hello",
          "Ev1: message 1",
          "Ev2: message 2",
          "Ev3: message 3",
          "disconnect: warning",
          "hello",
          "Ev3 again",
          "Ev4: message 4",
          "Ev5: message 5",
          "hello",
          "Ev6: message 6",
          "3 tickets, 0 refused",
          "no socket left open",
          "# With a token that is not good",
          "invalid_auth",
          ""
        ])
        assert.notInclude(output, "xapp-")
        assert.notInclude(output, "ticket=")
      })
  )
})
