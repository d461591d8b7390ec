import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { TestClock } from "effect/testing"
import { beside, connect, settle } from "../support/connect.ts"

describe("the closing handshake", () => {
  it.effect("of a session that we replace goes on behind the next one, for closeTimeout at most", () =>
    Effect.gen(function*() {
      const { connection, server } = yield* connect({ connection: { closeTimeout: "3 seconds" } })
      yield* connection.awaitOpen
      const first = yield* server.peer
      yield* first.blackhole({ inbound: true, outbound: true })
      yield* connection.reconnect()
      yield* settle
      assert.strictEqual((yield* connection.awaitOpen).id, 2)
      assert.strictEqual(yield* server.openLinks, 2)
      yield* TestClock.adjust("2999 millis")
      assert.strictEqual(yield* server.openLinks, 2)
      yield* TestClock.adjust("1 milli")
      assert.strictEqual(yield* server.openLinks, 1)
    }))

  it.effect("is not owed to a link that died in silence", () =>
    Effect.gen(function*() {
      const { connection, server } = yield* connect({ connection: { closeTimeout: "1 hour" } })
      yield* connection.awaitOpen
      yield* Effect.flatMap(server.peer, (peer) => peer.drop)
      yield* settle
      assert.strictEqual((yield* connection.status)._tag, "Waiting")
      assert.strictEqual(yield* server.openLinks, 0)
    }))

  it.effect("tells the peer that a part of ours failed", () =>
    Effect.gen(function*() {
      const { connection, server } = yield* connect({
        handshake: { greet: () => Effect.forkScoped(Effect.andThen(Effect.sleep("1 second"), Effect.fail("broken"))) }
      })
      yield* connection.awaitOpen
      const peer = yield* server.peer
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(yield* peer.closed, { code: 1011, reason: "" })
    }))

  it.effect("waits for no heartbeat: it is gone before the Close frame", () =>
    Effect.gen(function*() {
      const order: Array<string> = []
      const { connection, server } = yield* connect({
        handshake: {
          greet: () =>
            Effect.succeed({ heartbeat: Effect.onInterrupt(Effect.never, () => Effect.sync(() => order.push("beat"))) })
        }
      })
      yield* connection.awaitOpen
      const peer = yield* server.peer
      const closed = yield* beside(Effect.tap(peer.closed, () => Effect.sync(() => order.push("close"))))
      yield* connection.close()
      yield* Fiber.join(closed)
      assert.deepStrictEqual(order, ["beat", "close"])
    }))
})
