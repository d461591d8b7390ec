import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Random from "effect/Random"
import { TestClock } from "effect/testing"
import * as Connection from "../src/Connection.ts"
import * as Heartbeat from "../src/Heartbeat.ts"
import { beside, connect, parts, settle } from "./support/connect.ts"
import { open, outcome } from "./support/outages.ts"

describe("rateLimit", () => {
  it.effect("41. Binance-like: at most 5 messages a second out", () =>
    Effect.gen(function*() {
      const { connection, peer } = yield* open({
        connection: { outbound: { rateLimit: { limit: 5, window: "1 second" } } }
      })
      const sender = yield* beside(connection.sendAll(Array.from({ length: 12 }, (_, i) => String(i))))
      const received = Effect.map(Effect.andThen(settle, peer.received), (all) => all.length)
      assert.strictEqual(yield* received, 5)
      yield* TestClock.adjust(999)
      assert.strictEqual(yield* received, 5)
      yield* TestClock.adjust(1)
      assert.strictEqual(yield* received, 10)
      yield* TestClock.adjust(1000)
      assert.strictEqual(yield* received, 12)
      assert.strictEqual(outcome(sender), "Success")
    }))

  it.effect("no window of that length ever holds more, across sessions, whenever they are sent", () =>
    Effect.gen(function*() {
      const { connection, server } = yield* connect({
        connection: { outbound: { rateLimit: { limit: 3, window: 1000 } } },
        handshake: { greet: (session) => session.send("hello") }
      })
      yield* connection.prelude((session) => session.send("prelude"))
      const times: Array<number> = []
      yield* Effect.forkScoped(
        Effect.forever(
          Effect.flatMap(
            server.peer,
            (peer) =>
              Effect.forkScoped(Effect.forever(Effect.flatMap(peer.receive, () =>
                Effect.map(
                  TestClock.testClockWith((clock) => Effect.succeed(clock.currentTimeMillisUnsafe())),
                  (now) => void times.push(now)
                ))))
          )
        )
      )
      yield* settle
      for (let i = 0; i < 60; i++) {
        yield* beside(connection.send(String(i)))
        if (i % 20 === 19) yield* connection.reconnect()
        // What was sent is read before time passes.
        yield* settle
        yield* TestClock.adjust(yield* Random.nextIntBetween(0, 500))
      }
      yield* TestClock.adjust("2 minutes")
      assert.isAtLeast(times.length, 60)
      for (let i = 3; i < times.length; i++) assert.isAtLeast(times[i]! - times[i - 3]!, 1000, `frame ${i}`)
    }))

  it.effect("what greets and what goes first goes before what waits", () =>
    Effect.gen(function*() {
      const { layer, server } = yield* parts({ handshake: { greet: (session) => session.send("hello") } })
      const context = yield* Layer.build(layer)
      const connection = yield* Effect.provideContext(
        Connection.make({ start: "lazy", outbound: { rateLimit: { limit: 1, window: 1000 } } }),
        context
      )
      yield* connection.prelude((session) => session.send("prelude"))
      yield* beside(connection.sendAll(["1", "2"]))
      const peer = yield* server.peer
      yield* TestClock.adjust(3000)
      assert.deepStrictEqual(yield* peer.received, ["hello", "prelude", "1", "2"])
    }))

  it.effect("counts the messages of a heartbeat, and what it holds back is no silent peer", () =>
    Effect.gen(function*() {
      const { connection, events, peer } = yield* open({
        connection: { outbound: { rateLimit: { limit: 2, window: "30 seconds" } } },
        heartbeat: Heartbeat.layerMessage({ interval: "5 seconds", timeout: "2 seconds", message: "beat" })
      })
      yield* connection.sendAll(["1", "2"])
      const third = yield* beside(connection.send("3"))
      yield* TestClock.adjust("29 seconds")
      assert.deepStrictEqual(yield* peer.received, ["1", "2"])
      assert.strictEqual((yield* connection.status)._tag, "Open")
      // What waits looks again a millisecond after what is urgent had its turn.
      yield* TestClock.adjust(1001)
      yield* settle
      assert.deepStrictEqual(yield* peer.received, ["1", "2", "beat", "3"])
      assert.strictEqual(outcome(third), "Success")
      yield* TestClock.adjust("2 seconds")
      const ends = events.flatMap((event) => event._tag === "Disconnected" ? [event.error.reason._tag] : [])
      assert.deepStrictEqual(ends, ["HeartbeatTimeout"])
    }))

  it.effect("what a prelude could not hand over in its turn, since the peer did not read, counts from when it did", () =>
    Effect.gen(function*() {
      const { connection, server } = yield* connect({
        connection: { start: "lazy", outbound: { highWaterMark: 10, rateLimit: { limit: 2, window: 1000 } } }
      })
      yield* connection.prelude((session) => Effect.andThen(session.send("0123456789"), session.send("second")))
      yield* server.next.accept()
      const sender = yield* beside(connection.sendAll(["user 1", "user 2", "user 3"]))
      const peer = yield* server.peer
      yield* peer.pauseReading
      yield* TestClock.adjust(900)
      yield* peer.resumeReading
      yield* settle
      assert.deepStrictEqual(yield* peer.received, ["0123456789", "second"])
      yield* TestClock.adjust(100)
      assert.deepStrictEqual(yield* peer.received, ["0123456789", "second", "user 1"])
      yield* TestClock.adjust(899)
      assert.lengthOf(yield* peer.received, 3)
      yield* TestClock.adjust(1)
      assert.lengthOf(yield* peer.received, 4)
      yield* TestClock.adjust(100)
      assert.isDefined(sender.pollUnsafe())
    }))

  it.effect("`flush` waits for what is held back, and a key and a deadline work there as well", () =>
    Effect.gen(function*() {
      const { connection, peer } = yield* open({
        connection: { outbound: { rateLimit: { limit: 1, window: 1000 } } }
      })
      yield* connection.send("1")
      const replaced = yield* beside(connection.send("old", { replaceKey: "k" }))
      const newest = yield* beside(connection.send("new", { replaceKey: "k" }))
      const late = yield* beside(connection.send("late", { expireAfter: 1500 }))
      const flush = yield* beside(connection.flush)
      yield* TestClock.adjust(1000)
      assert.deepStrictEqual([replaced, newest, late].map(outcome), ["SendReplaced", "Success", undefined])
      assert.isUndefined(flush.pollUnsafe())
      yield* TestClock.adjust(500)
      assert.strictEqual(outcome(late), "SendExpired")
      yield* settle
      assert.isDefined(flush.pollUnsafe())
      assert.deepStrictEqual(yield* peer.received, ["1", "new"])
    }))

  it.effect("a close waits for what is held back, and no longer than `closeTimeout`", () =>
    Effect.gen(function*() {
      const { connection, peer } = yield* open({
        connection: { closeTimeout: "3 seconds", outbound: { rateLimit: { limit: 1, window: "2 seconds" } } }
      })
      const sends = yield* Effect.forEach(["1", "2", "3"], (message) => beside(connection.send(message)))
      const closing = yield* beside(connection.close())
      yield* TestClock.adjust("2999 millis")
      assert.deepStrictEqual(sends.map(outcome), ["Success", "Success", undefined])
      assert.isUndefined(closing.pollUnsafe())
      yield* TestClock.adjust("1 milli")
      assert.isDefined(closing.pollUnsafe())
      assert.strictEqual(outcome(sends[2]!), "ConnectionClosed")
      assert.deepStrictEqual(yield* peer.received, ["1", "2"])
    }))

  it.effect("options that can never work fail the layer, with a sentence that names them", () =>
    Effect.gen(function*() {
      const wrong: ReadonlyArray<readonly [string, unknown]> = [
        ["outbound.rateLimit.limit", { limit: 0, window: "1 second" }],
        ["outbound.rateLimit.limit", { limit: 1.5, window: "1 second" }],
        ["outbound.rateLimit.window", { limit: 5, window: 0 }],
        ["outbound.rateLimit.window", { limit: 5, window: "Infinity" }],
        ["outbound.rateLimit", 5]
      ]
      for (const [option, rateLimit] of wrong) {
        const { layer } = yield* parts()
        const context = yield* Layer.build(layer)
        const { reason } = yield* Effect.flip(
          Effect.provideContext(Connection.make({ outbound: { rateLimit: rateLimit as never } }), context)
        )
        assert(reason._tag === "InvalidRequest")
        assert.strictEqual(reason.option, option)
      }
    }))
})
