import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { runExample, runToEnd } from "../support/exampleProcess.ts"
import * as RealServer from "../support/realServer.ts"

describe("examples/01-echo.ts", () => {
  it.live("prints what its own server echoes, and ends", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* runToEnd("01-echo.ts"), { code: 0, output: "echo: hold\necho: fast\necho: !\n" })
    }))

  it.live("takes the url of another server", () =>
    Effect.gen(function*() {
      const server = yield* RealServer.make()
      const example = yield* runExample("01-echo.ts", { args: [server.url] })
      const peer = yield* server.peer
      for (let count = 0; count < 3; count++) yield* peer.send(`<${String(yield* peer.receive)}>`)
      assert.strictEqual(yield* example.exit, 0)
      assert.strictEqual(example.output(), "echo: <hold>\necho: <fast>\necho: <!>\n")
    }))
})
