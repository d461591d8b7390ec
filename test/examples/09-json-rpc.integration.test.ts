import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { runToEnd } from "../support/exampleProcess.ts"

describe("examples/09-json-rpc.ts", () => {
  it.live("calls through Requests and through RpcClient, and is told of errors by both", () =>
    Effect.gen(function*() {
      const { code, output } = yield* runToEnd("09-json-rpc.ts")
      assert.strictEqual(code, 0, output)
      for (
        const line of [
          "Requests: 3 and 7",
          "Requests, through a crash: 11",
          "Requests: no method divide (-32601)",
          "RpcClient: 15",
          "RpcClient: no method divide (-32601)"
        ]
      ) assert.include(output, `${line}\n`)
    }))
})
