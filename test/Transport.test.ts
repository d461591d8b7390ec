import { assert, describe, it } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Headers from "effect/http/Headers"
import * as Layer from "effect/Layer"
import * as Socket from "effect/socket/Socket"
import { verifyWith } from "../src/internal/verify.ts"
import * as Transport from "../src/Transport.ts"
import { FakeWebSocket } from "./support/fakeWebSocket.ts"

describe("layerWebSocketConstructor", () => {
  it.effect("claims what a browser can do, whatever the constructor can", () =>
    Effect.gen(function*() {
      const able = () => Object.assign(new FakeWebSocket("ws://test/"), { ping: () => {}, pause: () => {} })
      const context = yield* Layer.build(Layer.provide(
        Transport.layerWebSocketConstructor,
        Layer.succeed(Socket.WebSocketConstructor)(able)
      ))
      assert.deepStrictEqual(Context.get(context, Transport.Transport).capabilities, {
        ping: false,
        pause: false,
        headers: false,
        response: false,
        closeCodes: "1000,3000-4999"
      })
    }))

  it.effect("dials with the constructor that it was given", () =>
    Effect.gen(function*() {
      const ws = new FakeWebSocket("ws://test/")
      const { dial } = Context.get(
        yield* Layer.build(Layer.provide(
          Transport.layerWebSocketConstructor,
          Layer.succeed(Socket.WebSocketConstructor)(() => ws)
        )),
        Transport.Transport
      )
      const phases: Array<Transport.DialPhase> = []
      const fiber = yield* Effect.forkChild(
        dial(
          {
            url: "ws://test/",
            headers: Headers.empty,
            subprotocols: [],
            extensions: [],
            attempt: 1,
            endpoint: "ws://test/"
          },
          verifyWith({ requireSubprotocol: true }),
          (phase) => phases.push(phase)
        ),
        { startImmediately: true }
      )
      assert.deepStrictEqual(phases, ["response"])
      ws.opens()
      const link = yield* Fiber.join(fiber)
      yield* link.write(["hello"])
      assert.deepStrictEqual(ws.sent, ["hello"])
    }))
})
