import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Metric from "effect/Metric"
import { TestClock } from "effect/testing"
import * as ConnectionMetrics from "../src/ConnectionMetrics.ts"
import * as Heartbeat from "../src/Heartbeat.ts"
import * as Reconnect from "../src/Reconnect.ts"
import { collect, connect, settle } from "./support/connect.ts"

/** Runs a test with a registry of its own. */
const isolated = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.suspend(() => Effect.provideService(effect, Metric.MetricRegistry, new Map()))

/** What a metric reads now, by its attributes: the count, the value, or the count and the sum of a histogram. */
const read = (id: string) =>
  Effect.map(
    Metric.snapshot,
    (snapshots) =>
      Object.fromEntries(
        snapshots.filter((snapshot) => snapshot.id === id).map((snapshot) => {
          const given: Record<string, unknown> = { ...snapshot.attributes }
          const key = [
            given["connection"],
            ...["direction", "reason"].filter((name) => name in given).map((name) => `${name}=${String(given[name])}`)
          ].join(" ")
          assert.isAtMost(Object.keys(given).length, 3)
          switch (snapshot.type) {
            case "Counter":
              return [key, Number(snapshot.state.count)]
            case "Gauge":
              return [key, Number(snapshot.state.value)]
            case "Histogram":
              return [key, [snapshot.state.count, snapshot.state.sum]]
            default:
              return [key, snapshot.type]
          }
        })
      )
  )

describe("the metrics", () => {
  it.effect("are named and typed in Prometheus' conventions", () =>
    isolated(Effect.gen(function*() {
      const { status, statusValue, ...others } = ConnectionMetrics
      assert.deepStrictEqual(
        [status, ...Object.values(others)].map((metric) => `${metric.id}: ${metric.type}`).toSorted(),
        [
          "holdfast_bytes_total: Counter",
          "holdfast_connect_attempts_total: Counter",
          "holdfast_connect_duration_seconds: Histogram",
          "holdfast_disconnects_total: Counter",
          "holdfast_dropped_total: Counter",
          "holdfast_heartbeat_rtt_seconds: Histogram",
          "holdfast_invalid_messages_total: Counter",
          "holdfast_messages_total: Counter",
          "holdfast_session_duration_seconds: Histogram",
          "holdfast_status: Gauge"
        ]
      )
      assert.deepStrictEqual(statusValue, { Connecting: 0, Open: 1, Waiting: 2, Closing: 3, Closed: 4 })
      for (const metric of [status, ...Object.values(others)]) assert.isString(metric.description)
    })))

  it.effect("count dials, sessions and their ends, with durations in seconds", () =>
    isolated(Effect.gen(function*() {
      const { connection, server } = yield* connect({
        connection: { name: "feed" },
        handshake: { greet: () => Effect.sleep("2 seconds") },
        server: (server) => server.next.refuse("ECONNREFUSED")
      })
      yield* settle
      assert.deepStrictEqual(yield* read("holdfast_status"), { feed: 2 })
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(yield* read("holdfast_status"), { feed: 0 })
      yield* TestClock.adjust("2 seconds")
      assert.deepStrictEqual(yield* read("holdfast_status"), { feed: 1 })
      assert.deepStrictEqual(yield* read("holdfast_connect_attempts_total"), { feed: 2 })
      assert.deepStrictEqual(yield* read("holdfast_connect_duration_seconds"), { feed: [1, 2] })
      assert.deepStrictEqual(yield* read("holdfast_disconnects_total"), {})
      yield* TestClock.adjust("90 seconds")
      yield* Effect.flatMap(server.peer, (peer) => peer.drop)
      yield* settle
      assert.deepStrictEqual(yield* read("holdfast_disconnects_total"), { "feed reason=AbnormalClosure": 1 })
      assert.deepStrictEqual(yield* read("holdfast_session_duration_seconds"), { feed: [1, 90] })
      yield* TestClock.adjust("3 seconds")
      yield* connection.close()
      assert.deepStrictEqual(yield* read("holdfast_disconnects_total"), {
        "feed reason=AbnormalClosure": 1,
        "feed reason=NormalClosure": 1
      })
      assert.deepStrictEqual(yield* read("holdfast_status"), { feed: 4 })
    })))

  it.effect("count messages and bytes by direction, without framing", () =>
    isolated(Effect.gen(function*() {
      const { connection, server } = yield* connect({ connection: { name: "feed" } })
      const peer = yield* server.peer
      yield* connection.awaitOpen
      yield* collect(connection.messages)
      yield* connection.sendAll(["abc", "ä", new Uint8Array(5)])
      yield* peer.send("12345678")
      yield* peer.send(new Uint8Array(2))
      yield* settle
      assert.deepStrictEqual(yield* read("holdfast_messages_total"), {
        "feed direction=outbound": 3,
        "feed direction=inbound": 2
      })
      assert.deepStrictEqual(yield* read("holdfast_bytes_total"), {
        "feed direction=outbound": 10,
        "feed direction=inbound": 10
      })
    })))

  it.effect("count what was dropped, by direction and reason", () =>
    isolated(Effect.gen(function*() {
      const { connection, server } = yield* connect({
        connection: { name: "feed", inbound: { unread: "discard" }, outbound: { whileDisconnected: "drop" } }
      })
      yield* connection.awaitOpen
      const peer = yield* server.peer
      yield* peer.send("nobody reads")
      yield* settle
      yield* peer.drop
      yield* settle
      yield* connection.send("one")
      yield* connection.send("two")
      yield* settle
      assert.deepStrictEqual(yield* read("holdfast_dropped_total"), {
        "feed direction=inbound reason=discard": 1,
        "feed direction=outbound reason=whileDisconnected": 2
      })
    })))

  it.effect("measure the round trips of heartbeats in seconds", () =>
    isolated(Effect.gen(function*() {
      const { server } = yield* connect({
        connection: { name: "feed" },
        heartbeat: Heartbeat.layer({ interval: "10 seconds" })
      })
      const peer = yield* server.peer
      yield* peer.latency("125 millis")
      yield* TestClock.adjust("10250 millis")
      assert.deepStrictEqual(yield* read("holdfast_heartbeat_rtt_seconds"), { feed: [1, 0.25] })
      yield* peer.latency(0)
    })))

  it.effect("carry the endpoint where there is no name, and keep it when the url changes", () =>
    isolated(Effect.gen(function*() {
      const { connection } = yield* connect({
        handshake: {
          url: ({ attempt }) => Effect.delay(Effect.succeed(`ws://server.test/${attempt}?token=planted-secret`), 1)
        }
      })
      yield* TestClock.adjust(1)
      yield* connection.awaitOpen
      yield* connection.reconnect()
      yield* settle
      yield* TestClock.adjust(1)
      const name = "ws://server.test/1"
      assert.deepStrictEqual(yield* read("holdfast_connect_attempts_total"), { [name]: 2 })
      assert.deepStrictEqual(yield* read("holdfast_status"), { [name]: 1 })
    })))

  it.effect("count an attempt whose url could not be made", () =>
    isolated(Effect.gen(function*() {
      yield* connect({
        connection: { name: "feed" },
        handshake: { url: Effect.fail("no token") },
        reconnect: Reconnect.layerNever
      })
      yield* settle
      assert.deepStrictEqual(yield* read("holdfast_connect_attempts_total"), { feed: 1 })
      assert.deepStrictEqual(yield* read("holdfast_status"), { feed: 4 })
    })))
})
