import { assert, describe, it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import { TestClock } from "effect/testing"
import { ConnectionError, ServiceRestart } from "../src/ConnectionError.ts"
import * as Heartbeat from "../src/Heartbeat.ts"
import { collect, connect, settle, tags } from "./support/connect.ts"

const heartbeat = Heartbeat.layer({ interval: "10 seconds", timeout: "5 seconds" })

describe("staying in", () => {
  const holes = [
    ["both ways", { inbound: true, outbound: true }],
    ["inbound only", { inbound: true }],
    ["outbound only", { outbound: true }]
  ] as const
  for (const [name, hole] of holes) {
    it.effect(`half-open, packets dropped ${name}: HeartbeatTimeout within interval + timeout, the descriptor freed and the redial at once`, () =>
      Effect.gen(function*() {
        const { connection, server } = yield* connect({ heartbeat })
        const session = yield* connection.awaitOpen
        const peer = yield* server.peer
        const events = yield* collect(connection.events)
        yield* peer.blackhole(hole)
        yield* TestClock.adjust("14999 millis")
        assert.strictEqual((yield* connection.status)._tag, "Open")
        yield* TestClock.adjust("1 milli")
        const { reason } = yield* session.ended
        assert(reason._tag === "HeartbeatTimeout")
        assert.strictEqual(Duration.toSeconds(reason.silentFor), 15)
        assert.deepStrictEqual(yield* peer.closed, { code: 1006, reason: "" })
        assert.strictEqual(yield* server.openLinks, 0)
        assert.deepStrictEqual(tags(events), ["Disconnected", "WaitScheduled"])
        yield* TestClock.adjust("1 second")
        assert.deepStrictEqual((yield* server.dials).map((dial) => dial.at), [0, 16_000])
        assert.strictEqual((yield* connection.status)._tag, "Open")
      }))
  }

  it.effect("heavy inbound traffic and late pongs: no false alarm, since any frame is life", () =>
    Effect.gen(function*() {
      const { connection, server } = yield* connect({ heartbeat, connection: { inbound: { unread: "discard" } } })
      const peer = yield* server.peer
      yield* connection.awaitOpen
      // No ping arrives, so no pong ever comes back.
      yield* peer.blackhole({ outbound: true })
      yield* Effect.repeat(Effect.andThen(peer.send("data"), TestClock.adjust("9 seconds")), { times: 100 })
      yield* peer.blackhole({ outbound: false })
      const status = yield* connection.status
      assert(status._tag === "Open" && status.session === 1)
    }))

  it.effect("a round trip is told by an event and the status, and is no transition", () =>
    Effect.gen(function*() {
      const { connection, server } = yield* connect({ heartbeat })
      yield* connection.awaitOpen
      const peer = yield* server.peer
      const statuses = yield* collect(connection.changes)
      const events = yield* collect(connection.events)
      yield* peer.latency("40 millis")
      yield* TestClock.adjust("10080 millis")
      assert.deepStrictEqual(tags(events), ["PongReceived"])
      const [pong] = events
      assert(pong?._tag === "PongReceived")
      assert.deepStrictEqual([pong.session, Duration.toMillis(pong.rtt)], [1, 80])
      const status = yield* connection.status
      assert(status._tag === "Open")
      assert.deepStrictEqual(Option.map(status.rtt, Duration.toMillis), Option.some(80))
      assert.deepStrictEqual(tags(statuses), ["Open"])
      yield* peer.latency(0)
    }))

  it.effect("pongs keep coming but the feed is dead: layerIdle sees it", () =>
    Effect.gen(function*() {
      const { connection, server } = yield* connect({
        heartbeat: Heartbeat.all([heartbeat, Heartbeat.layerIdle({ within: "1 minute" })])
      })
      const session = yield* connection.awaitOpen
      const peer = yield* server.peer
      yield* TestClock.adjust("50 seconds")
      yield* peer.send("the last message")
      yield* TestClock.adjust("59 seconds")
      assert.strictEqual((yield* connection.status)._tag, "Open")
      yield* TestClock.adjust("1 second")
      assert.strictEqual((yield* session.ended).reason._tag, "HeartbeatTimeout")
    }))

  it.effect("the heartbeat of a replaced session never acts on the next one", () =>
    Effect.gen(function*() {
      const { connection, server } = yield* connect({ heartbeat })
      yield* connection.awaitOpen
      // Session 1 is one second from its verdict when it is replaced.
      yield* Effect.flatMap(server.peer, (peer) => peer.blackhole({ outbound: true }))
      yield* TestClock.adjust("14 seconds")
      yield* connection.reconnect()
      yield* settle
      yield* TestClock.adjust("1 hour")
      const status = yield* connection.status
      assert(status._tag === "Open" && status.session === 2)
    }))

  it.effect("a server ping is answered with its payload, also while our consumer is slow", () =>
    Effect.gen(function*() {
      const { connection, server } = yield* connect({ connection: { inbound: { highWaterMark: 1024 } } })
      yield* Effect.scoped(Effect.gen(function*() {
        yield* Effect.asVoid(connection.subscribe)
        const peer = yield* server.peer
        yield* peer.send("x".repeat(1000))
        yield* peer.ping
        yield* settle
        assert.deepStrictEqual((yield* peer.pongs).map((payload) => new TextDecoder().decode(payload)), ["ping 1"])
      }))
    }))

  it.effect("an end that only the user's own heartbeat knows of: the peer is told, the descriptor freed within closeTimeout", () =>
    Effect.gen(function*() {
      const restarting = new ConnectionError({
        reason: new ServiceRestart({ code: 1012, closeReason: "said so in band", initiator: "peer" })
      })
      const { connection, server } = yield* connect({
        connection: { closeTimeout: "2 seconds" },
        heartbeat: Layer.succeed(Heartbeat.Heartbeat, {
          guard: () => Effect.delay(Effect.fail(restarting), "1 minute")
        })
      })
      const session = yield* connection.awaitOpen
      const peer = yield* server.peer
      yield* peer.blackhole({ inbound: true })
      yield* TestClock.adjust("1 minute")
      assert.strictEqual(yield* session.ended, restarting)
      assert.strictEqual((yield* peer.closed).code, 1011)
      yield* TestClock.adjust("2 seconds")
      assert.strictEqual(yield* server.openLinks, 0)
      const status = yield* connection.status
      assert(status._tag === "Waiting" && status.cause === restarting)
    }))

  it.effect("a heartbeat that dies closes the connection with its defect", () =>
    Effect.gen(function*() {
      const { connection, server } = yield* connect({
        heartbeat: Layer.succeed(Heartbeat.Heartbeat, {
          guard: () => Effect.delay(Effect.die("a bug"), "1 second")
        })
      })
      yield* connection.awaitOpen
      yield* TestClock.adjust("1 second")
      assert.strictEqual((yield* connection.status)._tag, "Closed")
      assert.strictEqual(yield* Effect.catchDefect(connection.await, Effect.succeed), "a bug")
      yield* TestClock.adjust("1 hour")
      assert.strictEqual((yield* server.dials).length, 1)
      assert.strictEqual(yield* server.openLinks, 0)
    }))
})
