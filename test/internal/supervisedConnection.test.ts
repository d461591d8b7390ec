import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { connect, settle } from "../support/connect.ts"

describe("the members of a connection", () => {
  it.effect("are made when they are first asked for, and once", () =>
    Effect.gen(function*() {
      const { connection } = yield* connect()
      const { connection: other } = yield* connect()
      for (const member of ["send", "sendAll", "listen", "withSessions", "reconnect", "close", "socket"] as const) {
        assert.strictEqual(connection[member], connection[member], member)
        assert.notStrictEqual<unknown>(connection[member], other[member], member)
      }
    }))

  it.effect("may be taken off it", () =>
    Effect.gen(function*() {
      const { connection: { awaitOpen, close, send, sendAll, status }, server } = yield* connect()
      yield* awaitOpen
      yield* send("one")
      yield* sendAll(["two", "three"])
      yield* close()
      assert.deepStrictEqual(yield* Effect.flatMap(server.peer, (peer) => peer.received), ["one", "two", "three"])
      assert.strictEqual((yield* status)._tag, "Closed")
    }))

  it.effect("fail as not sent for what is no message, and no list of them", () =>
    Effect.gen(function*() {
      const { connection } = yield* connect()
      yield* connection.awaitOpen
      for (const wrong of [5, null, undefined, {}]) {
        for (const send of [connection.send(wrong as never), connection.sendAll(wrong as never)]) {
          const { reason } = yield* Effect.flip(send)
          assert(reason._tag === "SendFailed")
          assert.deepStrictEqual([reason.delivery, reason.cause.reason._tag], ["notSent", "InvalidRequest"])
        }
      }
    }))

  it.effect("a lazy connection is not used by being looked at", () =>
    Effect.gen(function*() {
      const { connection, server } = yield* connect({ connection: { start: "lazy" } })
      assert.isDefined(connection.send)
      assert.isDefined(connection.messages)
      assert.deepStrictEqual(yield* connection.status, { _tag: "Connecting", attempt: 0 })
      yield* settle
      assert.deepStrictEqual(yield* server.dials, [])
    }))
})
