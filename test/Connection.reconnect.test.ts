import { assert, describe, it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Random from "effect/Random"
import * as Schedule from "effect/Schedule"
import * as Stream from "effect/Stream"
import { TestClock } from "effect/testing"
import * as Reconnect from "../src/Reconnect.ts"
import { beside, collect, connect, failureOf, settle, tags } from "./support/connect.ts"

const hourly = Reconnect.layer({ schedule: Schedule.spaced("1 hour") })

describe("reconnect", () => {
  it.effect("while open: ends the session with the code and the reason, and dials at once", () =>
    Effect.gen(function*() {
      const { connection, server } = yield* connect({ reconnect: hourly })
      const peer = yield* server.peer
      const session = yield* connection.awaitOpen
      const statuses = yield* collect(connection.changes)
      const events = yield* collect(connection.events)
      assert.strictEqual(yield* connection.reconnect({ code: 4100, reason: "rotate" }), true)
      yield* settle
      assert.deepStrictEqual(yield* peer.closed, { code: 4100, reason: "rotate" })
      assert.deepStrictEqual(tags(statuses), ["Open", "Connecting", "Open"])
      assert.deepStrictEqual(tags(events), ["Disconnected", "Dialling", "Opened"])
      const { reason } = yield* session.ended
      assert(reason._tag === "ApplicationClose" && reason.initiator === "self")
      assert.deepStrictEqual([reason.code, reason.closeReason], [4100, "rotate"])
      assert.strictEqual((yield* server.dials).length, 2)
      assert.strictEqual(yield* server.openLinks, 1)
    }))

  it.effect("the default code is 1000, and messages run on", () =>
    Effect.gen(function*() {
      const { connection, server } = yield* connect({ reconnect: hourly })
      const peer = yield* server.peer
      const seen = yield* collect(connection.messages)
      yield* peer.send("one")
      yield* settle
      yield* connection.reconnect()
      assert.deepStrictEqual(yield* peer.closed, { code: 1000, reason: "" })
      yield* (yield* server.peer).send("two")
      yield* settle
      assert.deepStrictEqual(seen, ["one", "two"])
    }))

  it.effect("while waiting: cuts the wait short", () =>
    Effect.gen(function*() {
      const { connection, server } = yield* connect({
        reconnect: hourly,
        server: (server) => server.next.refuse("ECONNREFUSED")
      })
      yield* TestClock.adjust("1 minute")
      assert.strictEqual((yield* connection.status)._tag, "Waiting")
      assert.strictEqual(yield* connection.reconnect(), true)
      yield* settle
      assert.strictEqual((yield* connection.status)._tag, "Open")
      assert.deepStrictEqual((yield* server.dials).map((dial) => dial.at), [0, 60_000])
    }))

  it.effect("while dialling: keeps that dial", () =>
    Effect.gen(function*() {
      const { connection, server } = yield* connect({ reconnect: hourly, server: (server) => server.next.stall })
      yield* settle
      assert.strictEqual(yield* connection.reconnect(), true)
      yield* TestClock.adjust("9 seconds")
      assert.strictEqual((yield* connection.status)._tag, "Connecting")
      assert.strictEqual((yield* server.dials).length, 1)
      // The wait after it is not cut short by what was said before.
      yield* TestClock.adjust("1 minute")
      assert.strictEqual((yield* connection.status)._tag, "Waiting")
    }))

  for (const state of ["open", "waiting", "dialling"] as const) {
    it.effect(`twice at once while ${state}: one dial, one live socket`, () =>
      Effect.gen(function*() {
        const { connection, server } = yield* connect({
          reconnect: hourly,
          server: (server) =>
            state === "waiting"
              ? server.next.refuse("ECONNREFUSED")
              : state === "dialling"
              ? server.next.stall
              : Effect.void
        })
        yield* settle
        const dials = (yield* server.dials).length
        assert.deepStrictEqual(
          yield* Effect.all([connection.reconnect(), connection.reconnect()], { concurrency: "unbounded" }),
          [true, true]
        )
        yield* TestClock.adjust("5 seconds")
        assert.strictEqual((yield* server.dials).length, state === "dialling" ? dials : dials + 1)
        assert.strictEqual(yield* server.openLinks, 1)
      }))
  }

  it.effect("respects the floor that the peer asked for, unless told otherwise", () =>
    Effect.gen(function*() {
      const { connection, server } = yield* connect({ reconnect: hourly })
      yield* Effect.flatMap(server.peer, (peer) => peer.close(1013))
      yield* TestClock.adjust("10 seconds")
      yield* connection.reconnect()
      yield* TestClock.adjust("19999 millis")
      assert.strictEqual((yield* connection.status)._tag, "Waiting")
      yield* TestClock.adjust("1 milli")
      assert.deepStrictEqual((yield* server.dials).map((dial) => dial.at), [0, 30_000])

      yield* Effect.flatMap(server.peer, (peer) => peer.close(1013))
      yield* TestClock.adjust("1 second")
      yield* connection.reconnect()
      yield* TestClock.adjust("1 second")
      yield* connection.reconnect({ respectFloor: false })
      yield* settle
      assert.deepStrictEqual((yield* server.dials).map((dial) => dial.at), [0, 30_000, 32_000])
    }))

  it.effect("a session that ends in the same moment is replaced once, without a wait", () =>
    Effect.gen(function*() {
      const { connection, server } = yield* connect({ reconnect: hourly })
      const peer = yield* server.peer
      yield* connection.awaitOpen
      yield* peer.drop
      yield* connection.reconnect()
      yield* settle
      assert.strictEqual((yield* connection.status)._tag, "Open")
      assert.strictEqual((yield* server.dials).length, 2)
    }))

  it.effect("resets neither schedule nor counters", () =>
    Effect.gen(function*() {
      const connected = connect({
        reconnect: Reconnect.layer({ schedule: Reconnect.schedule({ first: "1 second", base: "1 second" }) })
      })
      const { connection, server } = yield* Effect.provideService(connected, Random.Random, {
        nextDoubleUnsafe: () => 1,
        nextIntUnsafe: () => 0
      })
      const delays = Effect.map(connection.status, (status) =>
        status._tag === "Waiting" ? Duration.toSeconds(status.delay) : undefined)
      const lose = Effect.andThen(
        Effect.flatMap(server.peer, (peer) =>
          peer.drop),
        settle
      )
      yield* lose
      assert.strictEqual(yield* delays, 1)
      yield* connection.reconnect()
      yield* lose
      assert.strictEqual(yield* delays, 2)
      yield* connection.reconnect()
      yield* settle
      yield* connection.reconnect()
      yield* settle
      yield* server.peer
      yield* lose
      assert.strictEqual(yield* delays, 4)
      const status = yield* connection.status
      assert(status._tag === "Waiting")
      assert.strictEqual(status.attempt, 5)
    }))

  it.effect("has ended the session when it returns: neither awaitOpen nor send finds the old one", () =>
    Effect.gen(function*() {
      const { connection, server } = yield* connect({ reconnect: hourly })
      const old = yield* server.peer
      yield* connection.awaitOpen
      yield* connection.reconnect()
      assert.strictEqual((yield* connection.status)._tag, "Connecting")
      yield* connection.send("for the new one")
      assert.strictEqual((yield* connection.awaitOpen).id, 2)
      assert.strictEqual(yield* (yield* server.peer).receive, "for the new one")
      assert.deepStrictEqual(yield* old.received, [])
    }))

  it.effect("the dial has begun when it returns, also while waiting", () =>
    Effect.gen(function*() {
      const { connection } = yield* connect({
        reconnect: hourly,
        server: (server) => server.next.refuse("ECONNREFUSED")
      })
      yield* settle
      yield* connection.reconnect()
      assert.deepStrictEqual(yield* connection.status, { _tag: "Connecting", attempt: 2 })
    }))

  it.effect("returns at once where it must wait for the floor, however often it is asked", () =>
    Effect.gen(function*() {
      const { connection, server } = yield* connect({ reconnect: hourly })
      yield* Effect.flatMap(server.peer, (peer) => peer.close(1013))
      yield* settle
      assert.deepStrictEqual([yield* connection.reconnect(), yield* connection.reconnect()], [true, true])
      assert.strictEqual((yield* connection.status)._tag, "Waiting")
      assert.strictEqual(yield* connection.reconnect({ respectFloor: false }), true)
      assert.strictEqual((yield* connection.status)._tag, "Connecting")
    }))

  it.effect("does not wait for ever where the connection ends meanwhile", () =>
    Effect.gen(function*() {
      const { connection, server } = yield* connect({ reconnect: Reconnect.layerNever })
      const asked = yield* beside(connection.withSessions(() =>
        // What the end waits for asks for another session.
        Effect.andThen(Effect.addFinalizer(() => Effect.ignore(connection.reconnect())), Effect.never)
      ))
      const peer = yield* server.peer
      yield* settle
      yield* peer.close(1008)
      const late = yield* beside(connection.reconnect())
      yield* settle
      assert.strictEqual(yield* Fiber.join(late), false)
      assert.strictEqual((yield* connection.status)._tag, "Closed")
      yield* Fiber.await(asked)
    }))

  it.effect("suspended sends stay, in order", () =>
    Effect.gen(function*() {
      const { connection, server } = yield* connect({
        connection: { outbound: { highWaterMark: 4 } },
        reconnect: hourly
      })
      const peer = yield* server.peer
      yield* connection.awaitOpen
      yield* peer.pauseReading
      yield* connection.send("fills the buffer")
      const sends = yield* Effect.forEach(["a", "b"], (message) => beside(connection.send(message)))
      yield* settle
      yield* connection.reconnect()
      yield* Effect.forEach(sends, Fiber.join)
      yield* settle
      assert.deepStrictEqual(yield* Effect.flatMap(server.peer, (next) => next.received), ["a", "b"])
    }))

  it.effect("makes the first dial of a lazy connection", () =>
    Effect.gen(function*() {
      const { connection, server } = yield* connect({ connection: { start: "lazy" } })
      yield* settle
      assert.strictEqual((yield* server.dials).length, 0)
      assert.strictEqual(yield* connection.reconnect(), true)
      yield* settle
      assert.strictEqual((yield* connection.status)._tag, "Open")
      assert.strictEqual((yield* server.dials).length, 1)
    }))

  it.effect("false, once closed", () =>
    Effect.gen(function*() {
      const { connection, server } = yield* connect()
      yield* connection.awaitOpen
      yield* connection.close()
      assert.strictEqual(yield* connection.reconnect(), false)
      yield* TestClock.adjust("1 minute")
      assert.strictEqual((yield* server.dials).length, 1)
    }))

  it.effect("a code that may not be sent is an InvalidRequest, and nothing happens", () =>
    Effect.gen(function*() {
      const { connection, server } = yield* connect()
      yield* connection.awaitOpen
      for (const code of [999, 1004, 1005, 1006, 1012, 1015, 2999, 5000, 4000.5, Number.NaN]) {
        const { reason } = yield* failureOf(connection.reconnect({ code }))
        assert(reason._tag === "InvalidRequest")
        assert.strictEqual(reason.option, "code")
      }
      yield* settle
      assert.strictEqual((yield* server.dials).length, 1)
    }))

  it.effect("a finalizer of session 1 that runs after session 2 opened does not touch it", () =>
    Effect.gen(function*() {
      const { connection, server } = yield* connect({ reconnect: hourly })
      const first = yield* connection.awaitOpen
      const firstPeer = yield* server.peer
      yield* connection.reconnect()
      yield* settle
      const second = yield* connection.awaitOpen
      assert.deepStrictEqual([first.id, second.id], [1, 2])
      // What somebody who still holds session 1 does late.
      yield* first.end({ code: 4000 })
      const { reason } = yield* failureOf(first.send("late"))
      assert(reason._tag === "SendFailed" && reason.delivery === "notSent")
      assert.deepStrictEqual(yield* Stream.runCollect(first.messages), [])
      yield* settle
      assert.strictEqual((yield* connection.status)._tag, "Open")
      const peer = yield* server.peer
      yield* second.send("still here")
      yield* settle
      assert.deepStrictEqual(yield* peer.received, ["still here"])
      assert.deepStrictEqual(yield* firstPeer.received, [])
    }))
})
