import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { runToEnd } from "../support/exampleProcess.ts"

describe("examples/13-binance-stream.ts", () => {
  it.live(
    "41. Binance-like: server ping every 20 s, pong must copy the payload; forced disconnect after 24 h; at most 5 messages a second out",
    () =>
      Effect.gen(function*() {
        const { code, output } = yield* runToEnd("13-binance-stream.ts")
        assert.strictEqual(code, 0, output)
        assert.deepStrictEqual(output.split("\n").filter((line) => !line.includes("WARN")), [
          "# Replaced before its time is up",
          "session 1: 8 streams",
          "session 2: 8 streams",
          "pongs: each a copy; too many messages: 0 times",
          "# Cut when its time is up",
          "session 1: 8 streams",
          "session 2: 8 streams",
          "pongs: each a copy; too many messages: 0 times",
          ""
        ])
      })
  )
})
