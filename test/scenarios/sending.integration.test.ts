// Whole connections over real sockets, outbound: an honest outcome for every send, and bounded memory.
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import { randomBytes } from "node:crypto"
import { monitorEventLoopDelay } from "node:perf_hooks"
import type { ConnectionService } from "../../src/Connection.ts"
import type { ConnectionError } from "../../src/ConnectionError.ts"
import type * as NodeConnection from "../../src/node/NodeConnection.ts"
import { encode, opcode, text } from "../support/frames.ts"
import { atOnce, beside, connect, type Connected, onDemand, turn, turns, until } from "../support/realConnection.ts"
import * as RealServer from "../support/realServer.ts"
import * as WsServer from "../support/wsServer.ts"

const kib = 1024
const mib = 1024 * kib

/** Sends messages of 64 KiB until one suspends; the result says how many were taken. */
const fill = (connection: ConnectionService): Effect.Effect<number, ConnectionError> =>
  Effect.gen(function*() {
    let taken = 0
    while (true) {
      const sent = yield* Effect.timeoutOption(connection.send(new Uint8Array(64 * kib)), "250 millis")
      if (Option.isNone(sent)) return taken
      taken++
    }
  })

/** What became of a send, in one word. */
const outcome = (send: Effect.Effect<void, ConnectionError>): Effect.Effect<string> =>
  Effect.match(send, {
    onSuccess: () => "sent",
    onFailure: ({ reason }) => reason._tag === "SendFailed" ? reason.delivery : `a ${reason._tag}`
  })

const waiting = ({ statuses }: Connected, count = 1) =>
  statuses.notice.when(() => statuses.all.filter(({ _tag }) => _tag === "Waiting").length >= count ? true : undefined)

describe("sending", () => {
  // 30
  it.live("the peer never reads: send suspends at the watermark, memory stays flat, a timeout around it works", () =>
    Effect.gen(function*() {
      const server = yield* RealServer.make()
      const mark = 256 * kib
      const { connection } = yield* connect(server.url, { outbound: { highWaterMark: mark } })
      const peer = yield* server.peer
      yield* connection.awaitOpen
      yield* peer.pauseReading
      // What the kernel takes; the timeout around the first that it does not take works.
      const taken = yield* fill(connection)
      assert.isBelow(taken * 64 * kib, 32 * mib)
      // 64 MiB more are offered, each message made when it is its turn.
      let made = 0
      const messages = {
        *[Symbol.iterator]() {
          while (made < 1024) {
            made++
            yield new Uint8Array(64 * kib)
          }
        }
      }
      const before = process.memoryUsage.rss()
      const sending = yield* beside(connection.sendAll(messages))
      const patience = yield* Effect.timeoutOption(Fiber.join(sending), "1 second")
      assert.isTrue(Option.isNone(patience))
      assert.isAtMost(made, 16)
      assert.isBelow(process.memoryUsage.rss() - before, 24 * mib)
      yield* Fiber.interrupt(sending)
      // Once it reads, everything goes on.
      yield* peer.resumeReading
      yield* connection.send("on it goes")
      yield* peer.frameThat((frame) => frame.opcode === opcode.text)
    }))

  it.live("flush ends under a load that never does", () =>
    Effect.gen(function*() {
      const server = yield* RealServer.make()
      const { connection } = yield* connect(server.url)
      const peer = yield* server.peer
      yield* connection.awaitOpen
      yield* peer.pauseReading
      yield* fill(connection)
      yield* connection.send("the last before").pipe(beside)
      const flushing = yield* beside(connection.flush)
      // There is always one more that waits to be sent.
      const more = new Uint8Array(64 * kib)
      const load = yield* Effect.forEach(
        Array.from({ length: 16 }),
        () => beside(Effect.forever(connection.send(more), { disableYield: true }))
      )
      yield* turns(10)
      assert.isUndefined(flushing.pollUnsafe())
      yield* peer.resumeReading
      yield* Fiber.join(flushing)
      assert.isTrue(load.every((fiber) => fiber.pollUnsafe() === undefined))
      yield* Fiber.interruptAll(load)
      yield* peer.frameThat((frame) => frame.opcode === opcode.text)
    }))

  it.live("a thousand fibers that send to a peer that never reads hold what they send, and the socket no more", () =>
    Effect.gen(function*() {
      const server = yield* RealServer.make()
      const { connection } = yield* connect(server.url, { outbound: { highWaterMark: 64 * kib } })
      const peer = yield* server.peer
      yield* connection.awaitOpen
      yield* peer.pauseReading
      yield* fill(connection)
      const shared = new Uint8Array(64 * kib)
      const before = process.memoryUsage()
      const all = yield* Effect.forEach(Array.from({ length: 1000 }), () => beside(connection.send(shared)))
      yield* turns(50)
      const after = process.memoryUsage()
      assert.isTrue(all.every((fiber) => fiber.pollUnsafe() === undefined))
      assert.isBelow(after.arrayBuffers - before.arrayBuffers, mib)
      yield* peer.resumeReading
      for (const fiber of all) yield* Fiber.join(fiber)
      yield* connection.flush
    }))

  // 31
  it.live("a send after the peer's Close frame arrived, but before anybody noticed, is never a silent success", () =>
    Effect.gen(function*() {
      const server = yield* RealServer.make()
      const { connection } = yield* connect(server.url, {
        reconnect: onDemand,
        outbound: { whileDisconnected: "fail" }
      })
      const outcomes: Array<string> = []
      const attempt = (when: string) =>
        Effect.runFork(Effect.map(outcome(connection.send(when)), (result) => void outcomes.push(`${when}: ${result}`)))
      yield* connection.listen(() => {
        // Before the Close is read, right after it was, and before the supervisor can know.
        attempt("before")
        process.nextTick(() => attempt("tick"))
        queueMicrotask(() => attempt("microtask"))
      })
      const peer = yield* server.peer
      yield* peer.raw(
        Buffer.concat([text("last words"), encode({ opcode: opcode.close, payload: Buffer.from([3, 232]) })])
      )
      yield* peer.closed
      yield* peer.down
      yield* turn
      assert.deepStrictEqual(outcomes.toSorted(), ["before: sent", "microtask: notSent", "tick: notSent"])
      // What was sent before the Close was read did arrive.
      assert.deepStrictEqual(yield* peer.received, ["before"])
    }))

  it.live("a send after the peer's Close frame arrived waits for the next session where that was asked for", () =>
    Effect.gen(function*() {
      const server = yield* RealServer.make()
      const { connection } = yield* connect(server.url, { reconnect: atOnce })
      const sent: Array<string> = []
      yield* connection.listen((message) => {
        if (message !== "last words") return
        process.nextTick(() =>
          Effect.runFork(Effect.tap(connection.send("later"), () => Effect.sync(() => sent.push("later"))))
        )
      })
      const first = yield* server.peer
      yield* first.raw(
        Buffer.concat([text("last words"), encode({ opcode: opcode.close, payload: Buffer.from([3, 232]) })])
      )
      const second = yield* server.peer
      assert.strictEqual(yield* second.receive, "later")
      yield* turn
      assert.deepStrictEqual(sent, ["later"])
      assert.deepStrictEqual(yield* first.received, [])
    }))

  it.live("while a server closes at any moment, every send that succeeded arrived, once and in order, and no other did", () =>
    Effect.gen(function*() {
      const arrived: Array<string> = []
      let connections = 0
      const server = yield* WsServer.make((socket) => {
        const closeAfter = 1 + (connections++ * 7) % 23
        let count = 0
        socket.on("message", (data: Buffer) => {
          arrived.push(data.toString())
          if (++count === closeAfter) socket.close(1001)
        })
      })
      const { connection, events } = yield* connect(server.url, {
        reconnect: atOnce,
        outbound: { whileDisconnected: "fail" }
      })
      const sent: Array<string> = []
      let id = 0
      while (connections < 30) {
        const burst = 1 + (id % 9)
        for (let i = 0; i < burst; i++) {
          const message = `${id++}`
          if ((yield* outcome(connection.send(message))) === "sent") sent.push(message)
        }
        yield* turn
      }
      yield* connection.close()
      yield* until(() => server.server.clients.size === 0)
      // What was taken before the peer's Close was read goes out before our answer to it, and the peer reads on until then.
      assert.deepStrictEqual(arrived, sent)
      assert.isAtLeast(events.of("Disconnected").length, 29)
      for (const { unflushed } of events.of("Disconnected")) assert.strictEqual(unflushed.messages, 0)
    }))

  // 32
  it.live.each([{ end: "reset" as const }, { end: "drop" as const }])(
    "a session that dies ($end) with unflushed frames: the event counts them, flush fails with unknown",
    ({ end }) =>
      Effect.gen(function*() {
        const server = yield* RealServer.make()
        const connected = yield* connect(server.url, {
          reconnect: onDemand,
          outbound: { highWaterMark: 512 * kib }
        })
        const { connection, events } = connected
        const peer = yield* server.peer
        yield* connection.awaitOpen
        yield* peer.pauseReading
        const taken = yield* fill(connection)
        const flushing = yield* beside(Effect.flip(connection.flush))
        yield* peer[end]
        const { unflushed } = yield* events.next("Disconnected")
        assert.isAtLeast(unflushed.bytes, 512 * kib)
        assert.isAtMost(unflushed.bytes, taken * (64 * kib + 14))
        assert.strictEqual(unflushed.messages, Math.ceil(unflushed.bytes / (64 * kib + 14)))
        const error = yield* Fiber.join(flushing)
        assert(error.reason._tag === "SendFailed")
        assert.strictEqual(error.reason.delivery, "unknown")
        assert.strictEqual(error.reason.cause.reason._tag, "AbnormalClosure")
        // Told once; there is nothing to flush any more.
        yield* connection.flush
      })
  )

  it.live("flush succeeds when everything has left this process", () =>
    Effect.gen(function*() {
      const server = yield* RealServer.make()
      const { connection } = yield* connect(server.url)
      const peer = yield* server.peer
      yield* connection.awaitOpen
      yield* peer.pauseReading
      for (let i = 0; i < 16; i++) yield* connection.send(new Uint8Array(16 * kib))
      yield* connection.send("last")
      yield* peer.resumeReading
      yield* connection.flush
      // It has left: the peer gets it although the connection is cut now.
      yield* peer.frameThat((frame) => frame.opcode === opcode.text)
    }))

  // 33
  type WhileDisconnected = NonNullable<NonNullable<NodeConnection.Options["outbound"]>["whileDisconnected"]>
  const modes: ReadonlyArray<{
    readonly mode: string
    readonly whileDisconnected: WhileDisconnected
    /** Outcomes of five frames that are sent while no session is open, before and after the next one opens. */
    readonly before: ReadonlyArray<string>
    readonly after: ReadonlyArray<string>
    readonly arrives: ReadonlyArray<number>
  }> = [
    {
      mode: "suspend",
      whileDisconnected: "suspend",
      before: Array<string>(5).fill("waits"),
      after: Array<string>(5).fill("sent"),
      arrives: [0, 1, 2, 3, 4]
    },
    {
      mode: "fail",
      whileDisconnected: "fail",
      before: Array<string>(5).fill("notSent"),
      after: Array<string>(5).fill("notSent"),
      arrives: []
    },
    {
      mode: "drop",
      whileDisconnected: "drop",
      before: Array<string>(5).fill("sent"),
      after: Array<string>(5).fill("sent"),
      arrives: []
    },
    {
      mode: "buffer of three, then suspend",
      whileDisconnected: { buffer: { messages: 3 }, overflow: "suspend" },
      before: ["sent", "sent", "sent", "waits", "waits"],
      after: Array<string>(5).fill("sent"),
      arrives: [0, 1, 2, 3, 4]
    },
    {
      mode: "buffer of three, then fail",
      whileDisconnected: { buffer: { messages: 3 }, overflow: "fail" },
      before: ["sent", "sent", "sent", "notSent", "notSent"],
      after: ["sent", "sent", "sent", "notSent", "notSent"],
      arrives: [0, 1, 2]
    },
    {
      mode: "buffer of three, then dropOldest",
      whileDisconnected: { buffer: { messages: 3 }, overflow: "dropOldest" },
      before: Array<string>(5).fill("sent"),
      after: Array<string>(5).fill("sent"),
      arrives: [2, 3, 4]
    },
    {
      mode: "buffer of so many bytes, then dropNewest",
      whileDisconnected: { buffer: { bytes: 3 * 12 }, overflow: "dropNewest" },
      before: Array<string>(5).fill("sent"),
      after: Array<string>(5).fill("sent"),
      arrives: [0, 1, 2]
    }
  ]
  it.live.each(modes)(
    "whileDisconnected $mode, at its bound, across three sessions: order kept, nothing doubled, an outcome for every frame",
    ({ after, arrives, before, whileDisconnected }) =>
      Effect.gen(function*() {
        const server = yield* RealServer.make()
        const connected = yield* connect(server.url, { reconnect: onDemand, outbound: { whileDisconnected } })
        const { connection, events } = connected
        yield* events.next("Opened")
        for (let round = 1; round <= 3; round++) {
          const name = (index: number) => `round ${round} no ${index}`
          const peer = yield* server.peer
          // The frames of the gap before this session came first.
          yield* connection.send("open")
          yield* peer.frameThat((frame) => frame.payload.toString() === "open")
          const previous = round === 1 ? [] : arrives.map((index) => `round ${round - 1} no ${index}`)
          assert.deepStrictEqual(yield* peer.received, [...previous, "open"])
          yield* peer.drop
          yield* waiting(connected, round)
          const outcomes: Array<string> = Array<string>(5).fill("waits")
          for (let index = 0; index < 5; index++) {
            yield* beside(Effect.map(outcome(connection.send(name(index))), (word) => void (outcomes[index] = word)))
          }
          yield* turn
          assert.deepStrictEqual(outcomes, before)
          yield* connection.reconnect()
          yield* events.next("Opened")
          yield* turns(2)
          assert.deepStrictEqual(outcomes, after)
        }
        const dropped = events.of("Dropped").reduce((sum, { messages }) => sum + messages, 0)
        const silent = after.filter((word) => word === "sent").length - arrives.length
        assert.strictEqual(dropped, 3 * silent)
      })
  )

  it.live("who is told of Open can send at once, although without a session sends fail", () =>
    Effect.gen(function*() {
      const server = yield* RealServer.make()
      const { connection } = yield* connect(server.url, {
        start: "lazy",
        reconnect: atOnce,
        outbound: { whileDisconnected: "fail" }
      })
      const outcomes: Array<string> = []
      yield* beside(Stream.runForEach(connection.changes, (status) =>
        status._tag !== "Open"
          ? Effect.void
          : Effect.map(outcome(connection.send(`hello ${status.session}`)), (word) => void outcomes.push(word))))
      yield* connection.reconnect()
      for (let session = 1; session <= 3; session++) {
        const peer = yield* server.peer
        assert.strictEqual(yield* peer.receive, `hello ${session}`)
        yield* peer.drop
      }
      assert.deepStrictEqual(outcomes.slice(0, 3), ["sent", "sent", "sent"])
    }))

  // 34
  it.live("interrupting a suspended send sends nothing later", () =>
    Effect.gen(function*() {
      const server = yield* RealServer.make()
      const { connection } = yield* connect(server.url, { outbound: { highWaterMark: 64 * kib } })
      const peer = yield* server.peer
      yield* connection.awaitOpen
      yield* peer.pauseReading
      yield* fill(connection)
      const secret = yield* beside(connection.send("never mind"))
      const kept = yield* beside(connection.send("kept"))
      yield* turn
      assert.strictEqual(secret.pollUnsafe(), undefined)
      yield* Fiber.interrupt(secret)
      yield* peer.resumeReading
      yield* Fiber.join(kept)
      yield* connection.send("after")
      yield* peer.frameThat((frame) => frame.payload.toString() === "after")
      assert.deepStrictEqual((yield* peer.received).filter((message) => typeof message === "string"), ["kept", "after"])
    }))

  it.live("interrupting a send that waits for a session sends nothing later", () =>
    Effect.gen(function*() {
      const server = yield* RealServer.make()
      yield* server.next.reject(503)
      const connected = yield* connect(server.url, { reconnect: onDemand })
      const { connection } = connected
      yield* waiting(connected)
      const secret = yield* beside(connection.send("never mind"))
      const kept = yield* beside(connection.send("kept"))
      yield* Fiber.interrupt(secret)
      yield* connection.reconnect()
      const peer = yield* server.peer
      yield* Fiber.join(kept)
      yield* connection.send("after")
      yield* peer.frameThat((frame) => frame.payload.toString() === "after")
      assert.deepStrictEqual(yield* peer.received, ["kept", "after"])
    }))

  it.live("an echo of many messages of many sizes comes back whole and in order", () =>
    Effect.gen(function*() {
      const server = yield* WsServer.echo()
      const { connection } = yield* connect(server.url)
      const pull = yield* connection.subscribe
      const sizes = [0, 1, 125, 126, 1023, 1024, 4095, 4096, 65_535, 65_536, 300_000]
      const sent = Array.from({ length: 20 }, (_, round) =>
        sizes.map((size) => (size + round) % 2 === 0 ? "é".repeat(size) : new Uint8Array(size).fill(round))).flat()
      yield* beside(connection.sendAll(sent))
      const back: Array<string | Uint8Array> = []
      while (back.length < sent.length) {
        back.push(...(yield* pull))
      }
      for (const [index, message] of sent.entries()) {
        assert.isTrue(
          typeof message === "string"
            ? back[index] === message
            : Buffer.compare(Buffer.from(message), back[index] as Uint8Array) === 0,
          `message ${index}`
        )
      }
    }))

  it.live("with compression, too, messages come back whole and in order, and a peer that never reads suspends sends", () =>
    Effect.gen(function*() {
      const server = yield* WsServer.echo({ perMessageDeflate: { threshold: 0 } })
      const { connection, events } = yield* connect(server.url, {
        transport: { perMessageDeflate: { threshold: 0 } },
        outbound: { highWaterMark: 128 * kib },
        reconnect: false
      })
      const pull = yield* connection.subscribe
      const sent = Array.from({ length: 100 }, (_, index) => `${index} `.repeat(index * 20))
      yield* beside(connection.sendAll(sent))
      const back: Array<string | Uint8Array> = []
      while (back.length < sent.length) back.push(...(yield* pull))
      assert.isTrue(back.every((message, index) => message === sent[index]))
      yield* connection.flush
      for (const client of server.server.clients) client.pause()
      // What cannot be compressed.
      const noise = Effect.suspend(() => connection.send(randomBytes(64 * kib)))
      let taken = 0
      while (Option.isSome(yield* Effect.timeoutOption(noise, "250 millis"))) taken++
      assert.isBelow(taken * 64 * kib, 32 * mib)
      for (const client of server.server.clients) client.resume()
      yield* noise
      assert.deepStrictEqual(events.of("Disconnected"), [])
      yield* connection.close({ code: 4000 })
    }))

  // 41
  it.live("at most 5 messages within the limit's window reach the server, across sessions, whatever greets or goes first", () =>
    Effect.gen(function*() {
      const window = 250
      const limit = 5
      const arrived: Array<number> = []
      const server = yield* WsServer.make((socket) => {
        let messages = 0
        socket.on("message", () => {
          arrived.push(performance.now())
          if (++messages === 9) socket.terminate()
        })
      })
      // A frame that the server reads late may seem to come right before the next ones: it may be read as late as the
      // loop that both share stood still. A token bucket of these figures would let the sixth come after 50 ms.
      const delays = yield* Effect.acquireRelease(
        Effect.sync(() => monitorEventLoopDelay({ resolution: 1 })),
        (histogram) => Effect.sync(() => histogram.disable())
      )
      delays.enable()
      const { connection } = yield* connect(server.url, {
        start: "lazy",
        reconnect: atOnce,
        greet: (session) => session.send("hello"),
        outbound: { rateLimit: { limit, window } }
      })
      yield* connection.prelude((session) => session.send("prelude"))
      yield* connection.sendAll(Array.from({ length: 24 }, (_, index) => String(index)))
      yield* until(() => arrived.length >= 24)
      const tolerance = delays.max / 1e6 + 10
      const gaps = arrived.slice(limit).map((at, index) => at - arrived[index]!)
      assert.isAtLeast(Math.min(...gaps), window - tolerance)
    }))

  it.live("after the connection is closed every send fails as not sent", () =>
    Effect.gen(function*() {
      const server = yield* RealServer.make()
      const { connection } = yield* connect(server.url)
      yield* connection.awaitOpen
      yield* connection.close()
      const exit = yield* Effect.exit(connection.send("late"))
      assert.isTrue(Exit.isFailure(exit))
      assert.strictEqual(yield* outcome(connection.send("late")), "notSent")
    }))
})
