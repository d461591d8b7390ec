import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Stream from "effect/Stream"
import { TestClock } from "effect/testing"
import { beside, collect, connect, settle, tags } from "./support/connect.ts"

describe("Connection", () => {
  it.effect("opens, sends and receives", () =>
    Effect.gen(function*() {
      const { connection, server } = yield* connect()
      const session = yield* connection.awaitOpen
      assert.strictEqual(session.id, 1)
      const peer = yield* server.peer
      yield* connection.send("hello")
      assert.strictEqual(yield* peer.receive, "hello")
      const seen = yield* collect(connection.messages)
      yield* peer.send("one")
      yield* peer.send("two")
      yield* settle
      assert.deepStrictEqual(seen, ["one", "two"])
    }))

  it.effect("dials again after a drop, and messages run on across sessions", () =>
    Effect.gen(function*() {
      const { connection, server } = yield* connect()
      const statuses = yield* collect(connection.changes)
      const seen = yield* collect(connection.messages)
      const first = yield* server.peer
      yield* first.send("one")
      yield* first.drop
      yield* settle
      yield* TestClock.adjust("1 second")
      const second = yield* server.peer
      yield* second.send("two")
      yield* settle
      assert.deepStrictEqual(seen, ["one", "two"])
      assert.deepStrictEqual(
        tags(statuses),
        ["Connecting", "Open", "Waiting", "Connecting", "Open"].slice(statuses.length === 5 ? 0 : 1)
      )
    }))

  it.effect("an outage of twenty attempts is finished by one adjustment of the clock", () =>
    Effect.gen(function*() {
      const { connection, server } = yield* connect()
      const peer = yield* server.peer
      yield* server.refuse("ECONNREFUSED")
      yield* peer.drop
      yield* settle
      yield* TestClock.adjust("20 seconds")
      assert.strictEqual((yield* server.dials).length, 21)
      yield* server.accept()
      yield* TestClock.adjust("1 second")
      assert.strictEqual((yield* connection.status)._tag, "Open")
    }))

  it.effect("a send while disconnected suspends and is sent by the next session", () =>
    Effect.gen(function*() {
      const { connection, server } = yield* connect({ server: (server) => server.next.refuse("ECONNREFUSED") })
      yield* settle
      const sending = yield* beside(connection.send("later"))
      yield* settle
      assert.isUndefined(sending.pollUnsafe())
      yield* TestClock.adjust("1 second")
      yield* Fiber.join(sending)
      assert.strictEqual(yield* Effect.flatMap(server.peer, (peer) => peer.receive), "later")
    }))

  it.effect("closing the scope sends Close once and ends the streams", () =>
    Effect.gen(function*() {
      const peer = yield* Effect.scoped(Effect.gen(function*() {
        const { connection, server } = yield* connect()
        yield* connection.awaitOpen
        const peer = yield* server.peer
        yield* beside(Stream.runDrain(connection.messages))
        return { peer, server }
      }))
      assert.deepStrictEqual(yield* peer.peer.closed, { code: 1000, reason: "" })
    }))
})
