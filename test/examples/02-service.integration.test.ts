import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { runExample, runToEnd } from "../support/exampleProcess.ts"
import * as RealServer from "../support/realServer.ts"

describe("examples/02-service.ts", () => {
  it.live.each(["SIGTERM", "SIGINT"] as const)(
    "closes with 1001 on %s, and ends with exit code 0",
    (signal) =>
      Effect.gen(function*() {
        const server = yield* RealServer.make()
        const example = yield* runExample("02-service.ts", { args: [server.url] })
        const peer = yield* server.peer
        yield* example.prints("listens to")
        yield* peer.send("42")
        yield* example.prints("price: 42")

        yield* example.kill(signal)
        assert.deepStrictEqual(yield* peer.closed, { code: 1001, reason: "" })
        assert.strictEqual(yield* example.exit, 0)
        assert.match(example.output(), /closed in good order, bye\n$/)
        yield* server.idle
      })
  )

  it.live("ends with exit code 1 and says why when the connection gives up", () =>
    Effect.gen(function*() {
      const server = yield* RealServer.make()
      yield* server.reject(403)
      const { code, output } = yield* runToEnd("02-service.ts", { args: [server.url] })
      assert.strictEqual(code, 1)
      assert.match(output, /gave up: .*HTTP 403/)
    }))

  it.live("serves itself without a url, and ends by itself", () =>
    Effect.gen(function*() {
      const { code, output } = yield* runToEnd("02-service.ts")
      assert.strictEqual(code, 0)
      assert.match(output, /price: .*KELP[^]*closed in good order, bye\n$/)
    }))
})
