import { assert, describe, it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Random from "effect/Random"
import * as Schedule from "effect/Schedule"
import * as Stream from "effect/Stream"
import { TestClock } from "effect/testing"
import type { ConnectionError } from "../src/ConnectionError.ts"
import type { ConnectionEvent } from "../src/ConnectionEvent.ts"
import * as Reconnect from "../src/Reconnect.ts"
import type { TestServer } from "../src/testing/TestServer.ts"
import { beside, collect, connect, failureOf, settle, tags } from "./support/connect.ts"

/** Draws this much of every range: 1 shows the bounds. */
const drawing = (fraction: number) =>
  Effect.provideService(Random.Random, { nextDoubleUnsafe: () => fraction, nextIntUnsafe: () => 0 })

const delaysOf = (events: ReadonlyArray<ConnectionEvent>): ReadonlyArray<number> =>
  events.flatMap((event) => event._tag === "WaitScheduled" ? [Duration.toMillis(event.delay)] : [])

const closingEvery = (server: TestServer, code: number) =>
  beside(Effect.forever(Effect.flatMap(server.peer, (peer) => peer.close(code))))

describe("getting back", () => {
  it.effect("accept-then-close, for ever: attempts per minute stay bounded and the bound of the delays grows", () =>
    Effect.gen(function*() {
      const { connection, server } = yield* drawing(1)(connect({ reconnect: Reconnect.layer() }))
      const events = yield* collect(connection.events)
      yield* closingEvery(server, 1000)
      yield* TestClock.adjust("10 minutes")
      const delays = delaysOf(events)
      assert.deepStrictEqual(delays.slice(0, 7), [5000, 2000, 4000, 8000, 16_000, 30_000, 30_000])
      assert.strictEqual((yield* server.dials).length, 24)
      const opened = events.filter((event) => event._tag === "Opened")
      assert.deepStrictEqual(opened.slice(0, 3).map((event) => [event.session, event.attempt]), [[1, 1], [2, 2], [
        3,
        3
      ]])
    }))

  it.effect("accept-then-close with 1008: there is exactly one attempt", () =>
    Effect.gen(function*() {
      const { connection, server } = yield* connect()
      yield* closingEvery(server, 1008)
      const error = yield* failureOf(connection.await)
      assert.strictEqual(error.reason._tag, "PolicyViolation")
      yield* TestClock.adjust("1 hour")
      assert.strictEqual((yield* server.dials).length, 1)
    }))

  it.effect("after a stable session the next delay is drawn as the first one again; flapping sessions keep raising its bound", () =>
    Effect.gen(function*() {
      const { connection, server } = yield* drawing(1)(connect({ reconnect: Reconnect.layer() }))
      const events = yield* collect(connection.events)
      // Each session but the fourth is a moment short of stable.
      for (const uptime of [29_999, 29_999, 29_999, 30_000, 29_999]) {
        const peer = yield* server.peer
        yield* TestClock.adjust(uptime)
        yield* peer.drop
        yield* settle
        const status = yield* connection.status
        assert(status._tag === "Waiting")
        yield* TestClock.adjust(status.delay)
      }
      assert.deepStrictEqual(delaysOf(events), [5000, 2000, 4000, 5000, 2000])
      assert.deepStrictEqual(
        events.flatMap((event) => event._tag === "Disconnected" ? [Duration.toMillis(event.uptime)] : []),
        [29_999, 29_999, 29_999, 30_000, 29_999]
      )
      const opened = events.filter((event) => event._tag === "Opened")
      assert.deepStrictEqual(opened.map((event) => event.attempt), [1, 2, 3, 4, 1, 2])
      assert.deepStrictEqual(opened.map((event) => event.session), [1, 2, 3, 4, 5, 6])
      assert.deepStrictEqual(opened.map((event) => Duration.toMillis(event.downtime)), [0, ...delaysOf(events)])
    }))

  it.effect("retries that are counted are counted anew after a stable session, and only then", () =>
    Effect.gen(function*() {
      const { connection, server } = yield* connect()
      const lose = Effect.flatMap(server.peer, (peer) => peer.close(1002))
      yield* lose
      yield* TestClock.adjust("1 second")
      yield* TestClock.adjust("30 seconds")
      yield* lose
      yield* TestClock.adjust("1 second")
      yield* lose
      const error = yield* failureOf(connection.await)
      assert.strictEqual(error.reason._tag, "ProtocolViolation")
      assert.strictEqual((yield* server.dials).length, 3)
    }))

  type Outcome = "retry" | "stop"
  const codes: ReadonlyArray<[code: number, reason: string, outcome: Outcome, delay?: number]> = [
    [1000, "NormalClosure", "retry"],
    [1001, "GoingAway", "retry"],
    [1002, "ProtocolViolation", "retry"],
    [1003, "UnsupportedData", "stop"],
    [1004, "ProtocolViolation", "retry"],
    [1005, "NoStatus", "retry"],
    [1006, "ProtocolViolation", "retry"],
    [1007, "InvalidPayload", "stop"],
    [1008, "PolicyViolation", "stop"],
    [1009, "MessageTooBig", "stop"],
    [1010, "MandatoryExtension", "stop"],
    [1011, "InternalError", "retry"],
    [1012, "ServiceRestart", "retry", 17_500],
    [1013, "TryAgainLater", "retry", 30_000],
    [1014, "BadGateway", "retry"],
    [1015, "ProtocolViolation", "retry"],
    [999, "ProtocolViolation", "retry"],
    [2999, "ProtocolViolation", "retry"],
    [3000, "Unauthorized", "retry", 0],
    [3003, "Forbidden", "stop"],
    [3008, "PeerTimeout", "retry"],
    [3999, "RegisteredClose", "retry"],
    [4000, "ApplicationClose", "retry"],
    [4999, "ApplicationClose", "retry"],
    [5000, "ProtocolViolation", "retry"]
  ]
  for (const [code, tag, outcome, delay = 1000] of codes) {
    it.effect(`close code ${code} from the peer is ${tag}: ${outcome}`, () =>
      Effect.gen(function*() {
        const { connection, server } = yield* drawing(0.5)(connect())
        const peer = yield* server.peer
        yield* connection.awaitOpen
        const events = yield* collect(connection.events)
        yield* peer.close(code, "why")
        yield* settle
        const lost = events[0]!
        assert(lost._tag === "Disconnected")
        const { reason } = lost.error
        assert.strictEqual(reason._tag, tag)
        assert("initiator" in reason)
        const legal = tag !== "ProtocolViolation" || code === 1002
        assert.strictEqual(reason.initiator, legal ? "peer" : "self")
        if (legal) assert.deepStrictEqual([reason.code, reason.closeReason], [code, code === 1005 ? "" : "why"])
        assert.strictEqual((yield* peer.closed).code, legal ? code : 1002)
        if (outcome === "stop") {
          assert.deepStrictEqual(tags(events), ["Disconnected", "Closed"])
          assert.strictEqual((yield* failureOf(connection.await)).reason._tag, tag)
        } else {
          assert.strictEqual(events[1]!._tag, "WaitScheduled")
          assert.deepStrictEqual(delaysOf(events), [delay])
        }
      }))
  }

  it.effect("one failure that raises both a close and an error counts once and keeps the close", () =>
    Effect.gen(function*() {
      const { connection, server } = yield* connect()
      const peer = yield* server.peer
      yield* connection.awaitOpen
      const events = yield* collect(connection.events)
      yield* peer.close(4004, "gone")
      yield* peer.drop
      yield* settle
      assert.deepStrictEqual(tags(events), ["Disconnected", "WaitScheduled"])
      const [lost] = events
      assert(lost?._tag === "Disconnected" && lost.error.reason._tag === "ApplicationClose")
      assert.strictEqual(lost.error.reason.code, 4004)
    }))

  it.effect("a lost connection keeps what the system said", () =>
    Effect.gen(function*() {
      const { connection, server } = yield* connect()
      const session = yield* connection.awaitOpen
      yield* Effect.flatMap(server.peer, (peer) => peer.drop)
      const { reason } = yield* session.ended
      assert(reason._tag === "AbnormalClosure")
      assert.strictEqual(reason.code, 1006)
      assert.include(reason.message, "ECONNRESET")
    }))

  it.effect("the peer sends Close and keeps TCP open: the session ends with the frame, the redial does not wait", () =>
    Effect.gen(function*() {
      const { connection, server } = yield* connect({ connection: { closeTimeout: "3 seconds" } })
      const peer = yield* server.peer
      // Our answer never arrives, so that the peer has no reason to close TCP.
      yield* peer.blackhole({ outbound: true })
      yield* peer.close(1001)
      yield* TestClock.adjust("1 second")
      const status = yield* connection.status
      assert(status._tag === "Open" && status.session === 2)
      assert.strictEqual(yield* server.openLinks, 2)
      yield* TestClock.adjust("1999 millis")
      assert.strictEqual(yield* server.openLinks, 2)
      yield* TestClock.adjust("1 milli")
      assert.strictEqual(yield* server.openLinks, 1)
    }))
})

describe("the schedule ends", () => {
  const threeDials = Reconnect.layer({ schedule: Schedule.spaced("1 second").pipe(Schedule.upTo({ times: 2 })) })

  it.effect("Closed with the last cause; whoever waits is told, and reconnect answers false", () =>
    Effect.gen(function*() {
      const { connection, server } = yield* connect({
        reconnect: threeDials,
        server: (server) => Effect.andThen(server.refuse("ECONNREFUSED"), server.next.refuse("ENOTFOUND"))
      })
      const events = yield* collect(connection.events)
      const asked: ReadonlyArray<Effect.Effect<unknown, ConnectionError>> = [
        connection.await,
        Stream.runDrain(connection.messages),
        connection.awaitOpen,
        connection.send("never"),
        connection.flush,
        Stream.runDrain(connection.sessions),
        connection.withSessions(() => Effect.never)
      ]
      const waiting = yield* Effect.forEach(asked, (effect) => beside(failureOf(effect)))
      yield* TestClock.adjust("1 minute")
      assert.strictEqual((yield* server.dials).length, 3)
      const status = yield* connection.status
      assert(status._tag === "Closed" && Option.isSome(status.cause))
      assert.deepStrictEqual([status.attempts, status.dials], [3, 3])
      const cause = status.cause.value
      assert(cause.reason._tag === "ConnectFailed" && cause.reason.code === "ECONNREFUSED")
      const told = yield* Effect.forEach(waiting, (fiber) => fiber.pollUnsafe()!)
      for (const error of told.filter((_, i) => i !== 3)) assert.strictEqual(error, cause)
      const unsent = told[3]!
      assert(unsent.reason._tag === "SendFailed" && unsent.reason.delivery === "notSent")
      assert.strictEqual(unsent.reason.cause, cause)
      const closed = events.at(-1)!
      assert(closed._tag === "Closed")
      assert.deepStrictEqual([closed.cause, closed.attempts, closed.dials], [Option.some(cause), 3, 3])

      assert.strictEqual(yield* connection.reconnect(), false)
      assert.strictEqual(yield* failureOf(connection.await), cause)
      assert.strictEqual(yield* failureOf(connection.awaitOpen), cause)
      assert.strictEqual(yield* failureOf(Stream.runDrain(connection.messages)), cause)
      assert.strictEqual((yield* failureOf(connection.send("late"))).reason._tag, "SendFailed")
      assert.deepStrictEqual(yield* Stream.runCollect(connection.changes), [status])
      yield* connection.close()
      assert.strictEqual(yield* connection.status, status)
    }))

  it.effect("Reconnect.layerNever closes with the first cause, after one dial", () =>
    Effect.gen(function*() {
      const { connection, server } = yield* connect({ reconnect: Reconnect.layerNever })
      yield* Effect.flatMap(server.peer, (peer) => peer.close(1001))
      assert.strictEqual((yield* failureOf(connection.await)).reason._tag, "GoingAway")
      yield* TestClock.adjust("1 hour")
      assert.strictEqual((yield* server.dials).length, 1)
    }))
})
