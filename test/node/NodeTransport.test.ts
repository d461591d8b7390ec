import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as NodeTransport from "../../src/node/NodeTransport.ts"
import { Transport } from "../../src/Transport.ts"

describe("NodeTransport", () => {
  it.effect("can do everything that a WebSocket can", () =>
    Effect.gen(function*() {
      const { capabilities, extensions } = yield* NodeTransport.make()
      assert.deepStrictEqual(capabilities, {
        ping: true,
        pause: true,
        headers: true,
        response: true,
        closeCodes: "any"
      })
      assert.deepStrictEqual(extensions, [])
    }))

  it.effect("says which extensions it offers", () =>
    Effect.gen(function*() {
      const { extensions } = yield* NodeTransport.make({ perMessageDeflate: true })
      assert.deepStrictEqual(extensions, ["permessage-deflate; client_max_window_bits"])
    }))

  it.effect("fails to build where an option can never work, and names it", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(Layer.build(NodeTransport.layer({ maxPayload: -1 })))
      assert.deepInclude(error.reason, { _tag: "InvalidRequest", option: "transport.maxPayload" })
      assert.isFalse(error.isRetryable)
    }))

  it.effect("is a layer of the Transport service", () =>
    Effect.gen(function*() {
      const transport = yield* Transport
      assert.isTrue(transport.capabilities.ping)
    }).pipe(Effect.provide(NodeTransport.layer())))
})
