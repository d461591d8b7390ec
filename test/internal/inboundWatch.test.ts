import { assert, describe, it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Logger from "effect/Logger"
import * as References from "effect/References"
import { TestClock } from "effect/testing"
import { collect, connect, settle } from "../support/connect.ts"

describe("a socket that we hold", () => {
  it.effect("is given up after maxPause, and a new session begins its own pause", () =>
    Effect.gen(function*() {
      const { connection, server } = yield* connect({
        connection: { inbound: { highWaterMark: 10, unread: "pause", maxPause: "1 minute" } }
      })
      const events = yield* collect(connection.events)
      yield* connection.awaitOpen
      yield* Effect.flatMap(server.peer, (peer) => peer.send("more than the mark"))
      yield* settle
      yield* TestClock.adjust("59 seconds")
      assert.strictEqual((yield* connection.status)._tag, "Open")
      yield* TestClock.adjust("1 second")
      yield* settle
      const status = yield* connection.status
      assert(status._tag === "Waiting" && status.cause.reason._tag === "InboundOverflow")
      assert.strictEqual(Duration.toSeconds(status.cause.reason.paused), 60)
      assert.strictEqual(yield* server.openLinks, 0)
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(
        events.flatMap((event) => event._tag === "Paused" ? [event.session] : []),
        [1, 2]
      )
    }))

  it.effect("is watched no longer than the session lasts", () =>
    Effect.gen(function*() {
      const { connection, server } = yield* connect({
        connection: { inbound: { highWaterMark: 10, maxPause: "1 minute" } }
      })
      const take = yield* connection.subscribe
      yield* connection.awaitOpen
      const peer = yield* server.peer
      yield* peer.send("more than the mark")
      yield* settle
      yield* TestClock.adjust("30 seconds")
      yield* connection.reconnect()
      assert.deepStrictEqual(yield* take, ["more than the mark"])
      yield* TestClock.adjust("1 hour")
      assert.strictEqual((yield* connection.awaitOpen).id, 2)
      assert.strictEqual((yield* server.dials).length, 2)
    }))
})

describe("what is logged from inside the socket's callback", () => {
  it.effect("carries the session", () =>
    Effect.gen(function*() {
      const lines: Array<readonly [message: string, annotations: unknown]> = []
      const logger = Logger.make(({ fiber, logLevel, message }) => {
        if (logLevel !== "Info") lines.push([String(message), fiber.getRef(References.CurrentLogAnnotations)])
      })
      const { connection, server } = yield* connect({
        connection: { name: "feed", inbound: { highWaterMark: 10 } }
      }).pipe(Effect.provideService(References.CurrentLoggers, new Set([logger])))
      yield* connection.awaitOpen
      const peer = yield* server.peer
      yield* peer.send("nobody reads this")
      yield* peer.send("nor this")
      yield* settle
      yield* connection.listen(() => {
        throw new Error("boom")
      })
      yield* peer.send("thrown at")
      yield* settle
      assert.match(lines[0]![0], /^nobody reads/)
      assert.include(lines[1]![0], "a handler of `listen` threw")
      for (const [, annotations] of lines) {
        assert.deepStrictEqual(annotations, { connection: "feed", attempt: 1, session: 1 })
      }
    }))
})
