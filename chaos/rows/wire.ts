// A TCP proxy in this process that splits, delays, stalls, truncates and resets what goes through it.
import { Duration, Effect, Fiber, Schedule } from "effect"
import { Recovery } from "holdfast"
import * as TcpProxy from "../../test/support/tcpProxy.ts"
import { chatter, connect, type Options, patience } from "../client.ts"
import * as Server from "../feed/server.ts"
import { early, holds, outage, type Row, slack } from "../row.ts"
import { expectReasons, tally } from "./expectations.ts"

/** Dials again after five milliseconds, whatever happened. */
const relentless = { schedule: Schedule.spaced("5 millis"), classify: () => Recovery.retry() } as const

const wired = (options: Server.Options = {}, client: Options = {}) =>
  Effect.gen(function*() {
    const server = yield* Server.start(options)
    const wire = yield* TcpProxy.make(server.port)
    return { server, wire, client: yield* connect(`ws://127.0.0.1:${wire.port}/`, client) }
  })

/** The answer to the handshake has some 129 bytes; the first messages follow it. */
const positions = 170

const everyPosition = (ending: "end" | "reset") =>
  Effect.gen(function*() {
    const { client, wire } = yield* wired({ every: 2 }, { reconnect: relentless, timeout: "1 second" })
    yield* wire.spoil("client", (connection) => connection <= positions ? { stopAfter: connection - 1, ending } : {})
    const begun = performance.now()
    yield* client.connection.awaitOpen
    const healed = yield* client.notice.when(() =>
      client.of("Dialling").length > positions ? client.of("Opened").at(-1) : undefined
    )
    yield* client.more(10)
    const failed = client.of("AttemptFailed").length
    const lost = client.of("Disconnected").length
    yield* holds(failed + lost === positions, `${failed + lost} ends for ${positions} cuts`)
    yield* holds(failed > 100 && lost > 20, `only ${failed} attempts failed, and ${lost} sessions were lost`)
    return { seen: tally(client), recovered: healed.at - begun }
  })

export const wire: ReadonlyArray<Row> = [
  {
    id: "wire-silent-handshake",
    scenario: "A5",
    title: "TCP accepts, then silence: the deadline, and the next dial gets through",
    needs: [],
    run: Effect.gen(function*() {
      const { client, wire } = yield* wired({}, { timeout: "500 millis" })
      yield* wire.spoil("client", (connection) => connection === 1 ? { stopAfter: 0 } : {})
      const begun = performance.now()
      yield* client.connection.awaitOpen
      yield* client.more(5)
      const failed = yield* client.first("AttemptFailed")
      const { seen } = yield* expectReasons(client, ["HandshakeTimeout response"])
      const detected = failed.at - begun
      yield* holds(detected >= 500 - early && detected < 1500, `the deadline of 500 ms took ${detected.toFixed(0)} ms`)
      return { seen, detected, recovered: (yield* client.first("Opened")).at - failed.at }
    })
  },
  {
    id: "wire-slow-handshake",
    scenario: "A5",
    title: "A 101 sent a byte every 20 ms does not outlive the deadline",
    needs: [],
    run: Effect.gen(function*() {
      const { client, wire } = yield* wired({}, { timeout: "700 millis" })
      yield* wire.spoil("client", (connection) => connection === 1 ? { pieces: 1, pause: 20 } : {})
      const begun = performance.now()
      yield* client.connection.awaitOpen
      yield* client.more(5)
      const failed = yield* client.first("AttemptFailed")
      const { seen } = yield* expectReasons(client, ["HandshakeTimeout response"])
      const detected = failed.at - begun
      yield* holds(detected >= 700 - early && detected < 1700, `the deadline of 700 ms took ${detected.toFixed(0)} ms`)
      return { seen, detected, recovered: (yield* client.first("Opened")).at - failed.at }
    })
  },
  {
    id: "wire-byte-by-byte",
    scenario: "A7",
    title: "The handshake and all frames come one byte to a segment, both ways: nothing is lost",
    needs: [],
    run: Effect.gen(function*() {
      const { client, server, wire } = yield* wired({ every: 10 })
      yield* wire.spoil("client", { pieces: 1 })
      yield* wire.spoil("server", { pieces: 1 })
      yield* client.connection.awaitOpen
      yield* chatter(client, 10)
      yield* client.more(100)
      yield* server.tell({ _tag: "burst", count: 20, width: 1000 })
      yield* client.more(40)
      return yield* expectReasons(client, [])
    })
  },
  {
    id: "wire-split",
    scenario: "A7",
    title: `The stream is split in two at each of its first ${positions} bytes, in turn: nothing is lost`,
    needs: [],
    run: Effect.gen(function*() {
      const { client, wire } = yield* wired({ every: 2 })
      yield* wire.spoil("client", (connection) => ({ splitAt: connection }))
      yield* wire.spoil("server", (connection) => ({ splitAt: connection }))
      yield* client.connection.awaitOpen
      for (let position = 1; position < positions; position++) {
        yield* client.more(5)
        yield* client.connection.reconnect()
        yield* client.count("Opened", position + 1)
      }
      yield* client.more(5)
      const { sessions } = client.books
      yield* holds(sessions === positions, `messages came in ${sessions} sessions of ${positions}`)
      yield* holds(client.of("AttemptFailed").length === 0, "an attempt failed")
      return { seen: `${positions} sessions, each whole` }
    })
  },
  {
    id: "wire-truncated",
    scenario: "C27",
    title: `TCP ends after each of the first ${positions} bytes, in turn: bounded, typed, nothing twice`,
    needs: [],
    run: everyPosition("end")
  },
  {
    id: "wire-reset",
    scenario: "C27",
    title: `TCP is reset after each of the first ${positions} bytes, in turn: bounded, typed, nothing twice`,
    needs: [],
    run: everyPosition("reset")
  },
  {
    id: "wire-stalled-frame",
    scenario: "B12",
    title: "The peer falls silent in the middle of a large frame: the heartbeat notices",
    needs: [],
    run: Effect.gen(function*() {
      const { client, server, wire } = yield* wired()
      yield* client.connection.awaitOpen
      yield* client.more(3)
      yield* wire.spoil("client", (connection) => connection === 1 ? { stopAfter: 20_000 } : {})
      const begin = server.tell({ _tag: "burst", count: 1, width: 60_000 })
      return yield* outage({ client, begin, reason: "HeartbeatTimeout", within: patience })
    })
  },
  {
    id: "wire-swallow",
    scenario: "B12",
    title: "Everything that goes through the wire is swallowed, and nobody is told",
    needs: [],
    run: Effect.gen(function*() {
      const { client, wire } = yield* wired()
      yield* client.connection.awaitOpen
      yield* chatter(client, 20)
      yield* client.more(10)
      return yield* outage({ client, begin: wire.swallow, reason: "HeartbeatTimeout", within: patience })
    })
  },
  {
    id: "wire-delay",
    scenario: "B13",
    title: "Everything comes 300 to 600 ms late, each way, for eight seconds of silence and talk: no false alarm",
    needs: [],
    run: Effect.gen(function*() {
      const { client, server, wire } = yield* wired({}, {
        heartbeat: { interval: "400 millis", timeout: "1500 millis" },
        timeout: "5 seconds"
      })
      for (const end of ["client", "server"] as const) yield* wire.spoil(end, { delay: 300, jitter: 300 })
      yield* client.connection.awaitOpen
      yield* client.more(50)
      yield* server.tell({ _tag: "feed", every: 0, width: 0 })
      yield* client.count("PongReceived", client.of("PongReceived").length + 3)
      yield* server.tell({ _tag: "feed", every: 20, width: 0 })
      yield* client.more(50)
      yield* expectReasons(client, [])
      const trips = client.of("PongReceived").map(({ event }) => Duration.toMillis(event.rtt))
      yield* holds(trips.every((trip) => trip >= 600 - early), `a round trip of ${Math.min(...trips).toFixed(0)} ms`)
      return { seen: `no loss, round trips of ${Math.min(...trips).toFixed(0)} to ${Math.max(...trips).toFixed(0)} ms` }
    })
  },
  {
    id: "wire-flapping",
    scenario: "C20",
    title: "Each session is reset as soon as it is open, for four seconds: the dials are paced",
    needs: [],
    run: Effect.gen(function*() {
      const { client, wire } = yield* wired({ every: 0 })
      yield* wire.spoil("client", { stopAfter: 129, ending: "reset" })
      const opening = yield* Effect.forkScoped(client.connection.awaitOpen, { startImmediately: true })
      yield* Fiber.join(opening)
      const begun = performance.now()
      yield* Effect.sleep("4 seconds")
      const dials = client.of("Dialling", begun).length
      yield* wire.spoil("client", {})
      const healed = performance.now()
      const opened = yield* client.first("Opened", healed)
      // Uniform between nothing and half a second, apart from the first few.
      yield* holds(dials >= 4 && dials <= 60, `${dials} dials in four seconds`)
      return { seen: `${dials} dials in 4 s`, recovered: opened.at - healed }
    })
  },
  {
    id: "wire-stuck-close",
    scenario: "E36",
    title: "Closing while the wire swallows everything takes no longer than closeTimeout",
    needs: [],
    run: Effect.gen(function*() {
      const { client, wire } = yield* wired({}, { closeTimeout: "500 millis" })
      yield* client.connection.awaitOpen
      yield* client.more(3)
      yield* wire.swallow
      const begun = performance.now()
      yield* client.leave
      const took = performance.now() - begun
      yield* holds(took >= 500 - early && took < 500 + slack, `closing took ${took.toFixed(0)} ms`)
      return { seen: `closed after ${took.toFixed(0)} ms` }
    })
  }
]
