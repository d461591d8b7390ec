// Whole connections over real sockets, while they are open: who is alive, who is slow, who is dead.
import { assert, describe, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { createRequire } from "node:module"
import { Worker } from "node:worker_threads"
import * as Heartbeat from "../../src/Heartbeat.ts"
import { encode, opcode, text } from "../support/frames.ts"
import * as LeapingClock from "../support/leapingClock.ts"
import {
  atOnce,
  beside,
  connect,
  type Connected,
  onDemand,
  received,
  record,
  timed,
  turns
} from "../support/realConnection.ts"
import type { RealPeer } from "../support/realPeer.ts"
import * as RealServer from "../support/realServer.ts"

/** How much earlier than an interval a ping may go out, in milliseconds. */
const slack = 20

const pingsOf = (peer: RealPeer) =>
  Effect.map(peer.frames, (frames) => frames.filter((frame) => frame.opcode === opcode.ping).length)

const binary = (size: number) => encode({ opcode: opcode.binary, payload: new Uint8Array(size) })

const pongsSince = ({ events }: Connected, count: number, session = 1) =>
  events.log.notice.when(() => {
    const pongs = events.of("PongReceived").filter((pong) => pong.session === session)
    return pongs.length >= count ? pongs.length : undefined
  })

describe("staying in", () => {
  // 12
  it.live.each([
    { hole: "both ways", inbound: true, outbound: true },
    { hole: "inbound only", inbound: true, outbound: false },
    { hole: "outbound only", inbound: false, outbound: true }
  ])(
    "half-open, packets dropped $hole: HeartbeatTimeout within interval + timeout, descriptor freed and redial at once",
    ({ inbound, outbound }) =>
      Effect.gen(function*() {
        const server = yield* RealServer.make()
        const { connection, events } = yield* connect(server.url, {
          heartbeat: { interval: "300 millis", timeout: "200 millis" },
          reconnect: atOnce
        })
        const peer = yield* server.peer
        yield* connection.awaitOpen
        yield* peer.blackhole({ inbound, outbound })
        const [{ error, session }, took] = yield* timed(events.next("Disconnected"))
        assert.strictEqual(session, 1)
        assert(error.reason._tag === "HeartbeatTimeout")
        const silentFor = Duration.toMillis(error.reason.silentFor)
        assert.isAtLeast(silentFor, 500 - slack)
        assert.isAtMost(took, 2500)
        // The peer, which saw and said nothing, has no part in it.
        assert.isAtMost(yield* server.openLinks, 1)
        assert.strictEqual(Duration.toMillis((yield* events.next("WaitScheduled")).delay), 0)
        const next = yield* server.peer
        yield* next.send("here")
        const again = yield* connection.awaitOpen
        assert.strictEqual(again.id, 2)
        assert.strictEqual(yield* server.openLinks, 1)
      })
  )

  it.live("what a dead session still had on its way does not arrive behind the next session's frames: TCP is reset", () =>
    Effect.gen(function*() {
      const server = yield* RealServer.make()
      const { connection, events } = yield* connect(server.url, {
        heartbeat: { interval: "200 millis", timeout: "200 millis" },
        reconnect: onDemand
      })
      const peer = yield* server.peer
      yield* connection.awaitOpen
      const codes: Array<string | undefined> = []
      peer.socket.on("error", (error: NodeJS.ErrnoException) => codes.push(error.code))
      yield* peer.blackhole({ inbound: true, outbound: true })
      yield* connection.send("on its way")
      assert.strictEqual((yield* events.next("Disconnected")).error.reason._tag, "HeartbeatTimeout")
      yield* peer.down
      assert.deepStrictEqual(codes, ["ECONNRESET"])
    }))

  it.live("a peer that stopped reading and writing is noticed although sends pile up before it", () =>
    Effect.gen(function*() {
      const server = yield* RealServer.make()
      const { connection, events } = yield* connect(server.url, {
        heartbeat: { interval: "200 millis", timeout: "200 millis" },
        reconnect: onDemand,
        outbound: { highWaterMark: 1024 * 1024 }
      })
      const peer = yield* server.peer
      yield* connection.awaitOpen
      yield* peer.pauseReading
      yield* beside(Effect.forever(Effect.ignore(connection.send(new Uint8Array(256 * 1024)))))
      const { error, unflushed } = yield* events.next("Disconnected")
      assert.strictEqual(error.reason._tag, "HeartbeatTimeout")
      assert.isAbove(unflushed.messages, 0)
      assert.strictEqual(yield* server.openLinks, 0)
      yield* peer.resumeReading
      yield* peer.down
    }))

  // 13
  it.live("under heavy inbound traffic no pong is needed, since any frame is life", () =>
    Effect.gen(function*() {
      const server = yield* RealServer.make()
      const connected = yield* connect(server.url, {
        heartbeat: { interval: "200 millis", timeout: "200 millis" },
        inbound: { unread: "discard" }
      })
      const peer = yield* server.peer
      peer.manners.pong = false
      yield* connected.connection.awaitOpen
      const chunk = Buffer.concat(Array.from({ length: 50 }, () => text("x".repeat(100))))
      for (let i = 0; i < 150; i++) {
        yield* peer.raw(chunk)
        yield* Effect.sleep("10 millis")
      }
      assert.deepStrictEqual(connected.events.of("Disconnected"), [])
      assert.strictEqual((yield* connected.connection.status)._tag, "Open")
    }))

  it.live("pongs that come later than the timeout are no alarm while anything else comes", () =>
    Effect.gen(function*() {
      const server = yield* RealServer.make()
      const connected = yield* connect(server.url, { heartbeat: { interval: "100 millis", timeout: "400 millis" } })
      const peer = yield* server.peer
      peer.manners.pong = false
      const feed = yield* received(connected.connection)
      let answered = 0
      while (feed.all.length < 10) {
        // Longer than the interval, so that pings go out.
        yield* Effect.sleep("150 millis")
        yield* peer.send("trickle")
        const pings = (yield* peer.frames).filter((frame) => frame.opcode === opcode.ping)
        for (const { payload } of pings.slice(answered)) {
          yield* beside(Effect.andThen(Effect.sleep("600 millis"), peer.frame({ opcode: opcode.pong, payload })))
        }
        answered = pings.length
      }
      assert.isAbove(answered, 2)
      assert.isAbove(connected.events.of("PongReceived").length, 0)
      assert.deepStrictEqual(connected.events.of("Disconnected"), [])
    }))

  // 14
  it.live("the event loop is blocked for longer than the timeout while the pong sits in the kernel: no drop", () =>
    Effect.gen(function*() {
      const server = yield* threadedServer
      const connected = yield* connect(server.url, {
        heartbeat: { interval: "200 millis", timeout: "200 millis" },
        reconnect: false
      })
      yield* connected.connection.awaitOpen
      for (let i = 0; i < 3; i++) {
        // The ping has arrived; its pong leaves after 50 ms, when nobody here can read it.
        yield* server.ping
        block(700)
        const pongs = connected.events.of("PongReceived").length
        yield* pongsSince(connected, pongs + 1)
      }
      assert.deepStrictEqual(connected.events.of("Disconnected"), [])
    }))

  // 15
  it.live("the consumer is slow and the socket paused for longer than the timeout: no drop, no growth, nothing lost", () =>
    Effect.gen(function*() {
      const server = yield* RealServer.make()
      const mark = 32 * 1024
      const connected = yield* connect(server.url, {
        heartbeat: { interval: "100 millis", timeout: "100 millis" },
        inbound: { highWaterMark: mark },
        reconnect: false
      })
      const peer = yield* server.peer
      const pull = yield* connected.connection.subscribe
      yield* connected.connection.awaitOpen
      const total = 3000
      for (let i = 0; i < total; i++) yield* peer.send(`${i}`.padEnd(4096, "."))
      yield* connected.events.next("Paused")
      assert.isTrue(yield* Effect.map(connected.connection.status, (status) => status._tag === "Open" && status.paused))
      // Four times interval and timeout.
      yield* Effect.sleep("800 millis")
      assert.deepStrictEqual(connected.events.of("Disconnected"), [])
      // What nobody has taken is the peer's to keep: 12 MiB do not fit into the kernel's buffers.
      assert.isAbove(peer.socket.writableLength, 1024 * 1024)
      let next = 0
      while (next < total) {
        const batch = yield* pull
        assert.isAtMost(batch.length * 4096, mark + 128 * 1024)
        for (const message of batch) assert.strictEqual(message, `${next++}`.padEnd(4096, "."))
      }
      const { pausedFor } = yield* connected.events.next("Resumed")
      assert.isAtLeast(Duration.toMillis(pausedFor), 790)
      // And it beats again.
      yield* pongsSince(connected, connected.events.of("PongReceived").length + 1)
      assert.deepStrictEqual(connected.events.of("Disconnected"), [])
    }))

  it.live("a pause longer than maxPause ends the session as InboundOverflow", () =>
    Effect.gen(function*() {
      const server = yield* RealServer.make()
      const { connection, events } = yield* connect(server.url, {
        heartbeat: { interval: "100 millis", timeout: "100 millis" },
        inbound: { highWaterMark: 32 * 1024, maxPause: "700 millis" },
        reconnect: onDemand
      })
      const peer = yield* server.peer
      yield* Effect.asVoid(connection.subscribe)
      yield* connection.awaitOpen
      yield* peer.raw(Buffer.concat(Array.from({ length: 500 }, () => binary(4096))))
      const { error } = yield* events.next("Disconnected")
      assert(error.reason._tag === "InboundOverflow")
      assert.isAtLeast(Duration.toMillis(error.reason.paused), 699)
      assert.isAtMost(error.reason.bytes, 32 * 1024 + 128 * 1024)
      assert.strictEqual(yield* server.openLinks, 0)
    }))

  // 15b
  it.live("nobody reads: the socket is not paused, memory is bounded, the drop is announced, and a close is noticed", () =>
    Effect.gen(function*() {
      const server = yield* RealServer.make()
      const mark = 64 * 1024
      const { connection, events } = yield* connect(server.url, {
        inbound: { highWaterMark: mark },
        reconnect: onDemand
      })
      const peer = yield* server.peer
      const total = 2000
      for (let i = 0; i < total; i++) yield* peer.send(`${i}`.padEnd(4096, "."))
      yield* peer.close(1001, "bye")
      const { error } = yield* events.next("Disconnected")
      assert.strictEqual(error.reason._tag, "GoingAway")
      assert.deepStrictEqual(events.of("Paused"), [])
      const dropped = events.of("Dropped")
      for (const { direction, reason } of dropped) assert.deepStrictEqual([direction, reason], ["inbound", "unread"])
      const droppedMessages = dropped.reduce((sum, { messages }) => sum + messages, 0)
      const droppedBytes = dropped.reduce((sum, { bytes }) => sum + bytes, 0)
      // The first reader gets the latest, as much as was kept.
      const kept = yield* received(connection)
      yield* kept.count(1)
      assert.isAtMost(kept.all.length * 4096, mark)
      assert.strictEqual(kept.all.length + droppedMessages, total)
      assert.strictEqual(kept.all.length * 4096 + droppedBytes, total * 4096)
      assert.deepStrictEqual(
        kept.all.map((message) => Number.parseInt(String(message))),
        Array.from(kept.all, (_, index) => droppedMessages + index)
      )
    }))

  it.live("nobody reads: a dead peer is still noticed", () =>
    Effect.gen(function*() {
      const server = yield* RealServer.make()
      const { events } = yield* connect(server.url, {
        heartbeat: { interval: "200 millis", timeout: "200 millis" },
        inbound: { highWaterMark: 1024 },
        reconnect: onDemand
      })
      const peer = yield* server.peer
      for (let i = 0; i < 10; i++) yield* peer.send("x".repeat(1000))
      yield* events.next("Dropped")
      yield* peer.blackhole({ inbound: true, outbound: true })
      const { error } = yield* events.next("Disconnected")
      assert.strictEqual(error.reason._tag, "HeartbeatTimeout")
      assert.strictEqual(yield* server.openLinks, 0)
    }))

  // 16
  it.live("the clock jumps ten minutes: one probe, no reconnect, no burst of pings", () =>
    Effect.gen(function*() {
      const server = yield* RealServer.make()
      const { clock, leap } = yield* LeapingClock.make
      const connected = yield* Effect.provideService(
        connect(server.url, { heartbeat: { interval: "500 millis", timeout: "500 millis" }, reconnect: atOnce }),
        Clock.Clock,
        clock
      )
      const peer = yield* server.peer
      yield* pongsSince(connected, 1)
      for (let i = 0; i < 2; i++) {
        const pings = yield* pingsOf(peer)
        const pongs = connected.events.of("PongReceived").length
        yield* leap("10 minutes")
        yield* pongsSince(connected, pongs + 1)
        assert.strictEqual(yield* pingsOf(peer), pings + 1)
      }
      assert.deepStrictEqual(connected.events.of("Disconnected"), [])
      assert.strictEqual((yield* server.dials).length, 1)
    }))

  it.live("the clock jumps ten minutes and the peer is gone: one probe, then one reconnect", () =>
    Effect.gen(function*() {
      const server = yield* RealServer.make()
      const { clock, leap } = yield* LeapingClock.make
      const connected = yield* Effect.provideService(
        connect(server.url, { heartbeat: { interval: "400 millis", timeout: "400 millis" }, reconnect: atOnce }),
        Clock.Clock,
        clock
      )
      const peer = yield* server.peer
      yield* pongsSince(connected, 1)
      const pings = yield* pingsOf(peer)
      peer.manners.pong = false
      yield* leap("10 minutes")
      const { error } = yield* connected.events.next("Disconnected")
      assert.strictEqual(error.reason._tag, "HeartbeatTimeout")
      assert.strictEqual(yield* pingsOf(peer), pings + 1)
      yield* pongsSince(connected, 1, 2)
      assert.strictEqual((yield* server.dials).length, 2)
    }))

  // 17
  it.live("pongs keep coming but the feed is dead: layerIdle sees it", () =>
    Effect.gen(function*() {
      const server = yield* RealServer.make()
      const { connection, events } = yield* connect(server.url, {
        heartbeat: Heartbeat.all([
          Heartbeat.layer({ interval: "100 millis", timeout: "5 seconds" }),
          Heartbeat.layerIdle({ within: "600 millis" })
        ]),
        reconnect: onDemand
      })
      const peer = yield* server.peer
      const feed = yield* received(connection)
      for (let i = 1; i <= 5; i++) {
        yield* peer.send("tick")
        yield* feed.count(i)
        yield* Effect.sleep("50 millis")
      }
      const [{ error }, took] = yield* timed(events.next("Disconnected"))
      assert(error.reason._tag === "HeartbeatTimeout")
      assert.strictEqual(Duration.toMillis(error.reason.interval), 600)
      assert.isAtLeast(took, 500)
      assert.isAtLeast(events.of("PongReceived").length, 2)
    }))

  // 18
  it.live("the heartbeat of a replaced session never acts on the next one", () =>
    Effect.gen(function*() {
      const server = yield* RealServer.make()
      const connected = yield* connect(server.url, {
        heartbeat: { interval: "150 millis", timeout: "300 millis" },
        reconnect: atOnce
      })
      const { connection, events } = connected
      const first = yield* server.peer
      first.manners.pong = false
      first.manners.close = false
      yield* first.frameThat((frame) => frame.opcode === opcode.ping)
      // Its question is unanswered; the deadline would come in the life of the next session.
      assert.isTrue(yield* connection.reconnect())
      yield* server.peer
      yield* pongsSince(connected, 5, 2)
      assert.deepStrictEqual(events.of("Disconnected").map(({ session }) => session), [1])
      assert.strictEqual((yield* connection.awaitOpen).id, 2)
      assert.deepStrictEqual(events.of("PongReceived").filter(({ session }) => session === 1), [])
    }))

  // 19
  it.live("a server ping is answered with its payload, under load and with a consumer slow up to the watermark", () =>
    Effect.gen(function*() {
      const server = yield* RealServer.make()
      const { connection, events } = yield* connect(server.url, { inbound: { highWaterMark: 1024 * 1024 } })
      const peer = yield* server.peer
      yield* peer.frame({ opcode: opcode.ping, payload: "alone" })
      yield* peer.frameThat((frame) => frame.opcode === opcode.pong && frame.payload.toString() === "alone")
      const slow = yield* connection.subscribe
      const sent: Array<string> = []
      for (let i = 0; i < 100; i++) {
        sent.push(`ping ${i}`)
        yield* peer.raw(Buffer.concat([
          binary(8192),
          encode({ opcode: opcode.binary, payload: "half", fin: false }),
          encode({ opcode: opcode.ping, payload: `ping ${i}` }),
          encode({ opcode: opcode.continuation, payload: "way" })
        ]))
        if (i % 10 === 0) yield* turns(1)
      }
      yield* peer.frameThat((frame) => frame.payload.toString() === "ping 99")
      const pongs = (yield* peer.pongs).map(String)
      assert.deepStrictEqual(pongs, ["alone", ...sent])
      assert.deepStrictEqual(events.of("Paused"), [])
      let read = 0
      while (read < 200) read += (yield* slow).length
    }))

  it.live("pongs pass sends that wait for a peer to read", () =>
    Effect.gen(function*() {
      const server = yield* RealServer.make()
      const { connection } = yield* connect(server.url, { outbound: { highWaterMark: 1024 } })
      const peer = yield* server.peer
      yield* connection.awaitOpen
      yield* peer.pauseReading
      yield* beside(Stream.runForEach(Stream.range(1, 400), () => connection.send(new Uint8Array(64 * 1024))))
      yield* peer.frame({ opcode: opcode.ping, payload: "overtakes" })
      yield* turns(20)
      yield* peer.resumeReading
      yield* peer.frameThat((frame) => frame.opcode === opcode.pong)
      const frames = yield* peer.frames
      assert.isBelow(frames.findIndex((frame) => frame.opcode === opcode.pong), 400)
    }))

  it.live("the round trip is told as status, and is no transition", () =>
    Effect.gen(function*() {
      const server = yield* RealServer.make()
      const connected = yield* connect(server.url, { heartbeat: { interval: "50 millis", timeout: "5 seconds" } })
      const changes = yield* record(connected.connection.changes)
      yield* pongsSince(connected, 3)
      const status = yield* connected.connection.status
      assert(status._tag === "Open")
      assert.strictEqual(status.rtt._tag, "Some")
      assert.strictEqual(changes.all.filter(({ _tag }) => _tag === "Open").length, 1)
    }))
})

/** Nothing else happens here for so many milliseconds. */
const block = (millis: number): void => {
  const end = performance.now() + millis
  while (performance.now() < end) {}
}

interface ThreadedServer {
  readonly url: string
  /** Waits for the next ping that arrives there; its pong leaves 50 ms later. */
  readonly ping: Effect.Effect<void>
}

/** A server with an event loop of its own. */
const threadedServer: Effect.Effect<ThreadedServer, never, Scope.Scope> = Effect.gen(function*() {
  const worker = yield* Effect.acquireRelease(
    Effect.sync(() =>
      new Worker(
        `const { parentPort } = require("node:worker_threads")
         const { WebSocketServer } = require(${JSON.stringify(createRequire(import.meta.url).resolve("ws"))})
         const server = new WebSocketServer({ host: "127.0.0.1", port: 0, autoPong: false })
         server.on("listening", () => parentPort.postMessage(server.address().port))
         server.on("connection", (socket) => socket.on("ping", (data) => {
           parentPort.postMessage("ping")
           setTimeout(() => socket.pong(data), 50)
         }))`,
        { eval: true }
      )
    ),
    (worker) => Effect.promise(() => worker.terminate())
  )
  const next = Effect.callback<string | number>((resume) => {
    const onMessage = (message: string | number) => resume(Effect.succeed(message))
    worker.once("message", onMessage)
    return Effect.sync(() => worker.off("message", onMessage))
  })
  const port = yield* next
  return { url: `ws://127.0.0.1:${port}/`, ping: Effect.asVoid(next) }
})
