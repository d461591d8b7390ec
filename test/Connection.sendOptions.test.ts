import { assert, describe, it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Random from "effect/Random"
import { TestClock } from "effect/testing"
import * as Connection from "../src/Connection.ts"
import type { ConnectionOptions } from "../src/Connection.ts"
import type { ConnectionError } from "../src/ConnectionError.ts"
import type { ConnectionEvent } from "../src/ConnectionEvent.ts"
import * as Heartbeat from "../src/Heartbeat.ts"
import * as Reconnect from "../src/Reconnect.ts"
import type { TestServer } from "../src/testing/TestServer.ts"
import { beside, collect, connect, parts, settle, type Setup } from "./support/connect.ts"

type WhileDisconnected = NonNullable<NonNullable<ConnectionOptions["outbound"]>["whileDisconnected"]>

/** A connection whose dials are refused until the server is told otherwise. */
const closedAtFirst = Effect.fnUntraced(function*(whileDisconnected: WhileDisconnected = "suspend", setup: Setup = {}) {
  const { connection, server } = yield* connect({
    connection: { outbound: { whileDisconnected } },
    ...setup,
    server: (server) => server.refuse("ECONNREFUSED")
  })
  yield* settle
  const events = yield* collect(connection.events)
  return { connection, events, server }
})

const reopen = Effect.fnUntraced(function*(server: TestServer) {
  yield* server.accept()
  yield* TestClock.adjust("1 second")
  const peer = yield* server.peer
  yield* settle
  return peer
})

const openWith = Effect.fnUntraced(function*(setup: Setup = {}) {
  const { connection, server } = yield* connect(setup)
  const peer = yield* server.peer
  yield* settle
  const events = yield* collect(connection.events)
  return { connection, events, peer, server }
})

/** How a send ended: its cause's tag, or that it succeeded; undefined while it waits. */
const outcome = (fiber: Fiber.Fiber<void, ConnectionError>): string | undefined => {
  const exit = fiber.pollUnsafe()
  if (exit === undefined || Exit.isSuccess(exit)) return exit?._tag
  const error = Exit.findErrorOption(exit)
  if (error._tag === "None") return "Interrupted"
  const { reason } = error.value
  assert(reason._tag === "SendFailed")
  assert.strictEqual(reason.delivery, "notSent")
  return reason.cause.reason._tag
}

const drops = (events: ReadonlyArray<ConnectionEvent>) =>
  events.flatMap((event) =>
    event._tag === "Dropped" ? [`${event.direction} ${event.reason} ${event.messages}/${event.bytes}`] : []
  )

describe("expireAfter", () => {
  it.effect("what is not sent in time fails as expired, and is never sent later", () =>
    Effect.gen(function*() {
      const { connection, server } = yield* closedAtFirst()
      const short = yield* beside(connection.send("short", { expireAfter: "2 seconds" }))
      const long = yield* beside(connection.send("long", { expireAfter: "1 minute" }))
      const forever = yield* beside(connection.send("forever"))
      yield* TestClock.adjust("1999 millis")
      assert.isUndefined(outcome(short))
      yield* TestClock.adjust("1 milli")
      assert.strictEqual(outcome(short), "SendExpired")
      const peer = yield* reopen(server)
      assert.deepStrictEqual(yield* peer.received, ["long", "forever"])
      assert.deepStrictEqual([outcome(long), outcome(forever)], ["Success", "Success"])
      yield* TestClock.adjust("2 minutes")
      assert.deepStrictEqual(yield* peer.received, ["long", "forever"])
    }))

  it.effect("says how long it waited, and that sending it again can help", () =>
    Effect.gen(function*() {
      const { connection } = yield* closedAtFirst()
      const failing = yield* beside(Effect.flip(connection.send("x", { expireAfter: "2 seconds" })))
      yield* TestClock.adjust("2 seconds")
      const error = yield* Fiber.join(failing)
      assert.strictEqual(error.message, "not sent: it could not be sent within 2s")
      assert.isTrue(error.isRetryable)
      assert(error.reason._tag === "SendFailed" && error.reason.cause.reason._tag === "SendExpired")
      assert.strictEqual(Duration.toSeconds(error.reason.cause.reason.after), 2)
    }))

  it.effect("counts behind a peer that does not read, too", () =>
    Effect.gen(function*() {
      const { connection, peer } = yield* openWith({ connection: { outbound: { highWaterMark: 10 } } })
      yield* peer.pauseReading
      yield* connection.send("0123456789")
      const waiting = yield* beside(connection.send("late", { expireAfter: 500 }))
      const patient = yield* beside(connection.send("patient"))
      yield* TestClock.adjust(500)
      assert.strictEqual(outcome(waiting), "SendExpired")
      yield* peer.resumeReading
      yield* settle
      assert.deepStrictEqual(yield* peer.received, ["0123456789", "patient"])
      assert.strictEqual(outcome(patient), "Success")
    }))

  it.effect("a buffered frame has no sender any more: it is dropped, counted and announced", () =>
    Effect.gen(function*() {
      const { connection, events, server } = yield* closedAtFirst({ buffer: { messages: 2 } })
      yield* connection.send("old", { expireAfter: 300 })
      yield* connection.send("kept")
      const waiting = yield* beside(connection.send("waits for room"))
      yield* TestClock.adjust(300)
      yield* connection.send("after", { expireAfter: "1 minute" })
      yield* settle
      assert.deepStrictEqual(drops(events), ["outbound expired 1/3"])
      const peer = yield* reopen(server)
      assert.deepStrictEqual(yield* peer.received, ["kept", "waits for room", "after"])
      assert.strictEqual(outcome(waiting), "Success")
    }))

  it.effect("does not matter where the frame goes out at once, or is refused at once", () =>
    Effect.gen(function*() {
      const { connection, peer } = yield* openWith()
      yield* connection.send("now", { expireAfter: 1 })
      yield* connection.sendAll(["a", "b"], { expireAfter: 1 })
      yield* settle
      assert.deepStrictEqual(yield* peer.received, ["now", "a", "b"])
      const { connection: failing } = yield* closedAtFirst("fail")
      const refused = yield* beside(failing.send("x", { expireAfter: 1 }))
      assert.strictEqual(outcome(refused), "ConnectFailed")
    }))

  it.effect("the end of the session and of the connection come first where they are first", () =>
    Effect.gen(function*() {
      const { connection, peer } = yield* openWith({
        connection: { outbound: { highWaterMark: 10 } },
        reconnect: Reconnect.layerNever
      })
      const session = yield* connection.awaitOpen
      yield* peer.pauseReading
      yield* connection.send("0123456789")
      const bound = yield* beside(session.send("bound", { expireAfter: "1 minute" }))
      const free = yield* beside(connection.send("free", { expireAfter: "1 minute" }))
      yield* peer.drop
      yield* settle
      assert.strictEqual(outcome(bound), "AbnormalClosure")
      assert.strictEqual(outcome(free), "AbnormalClosure")
      yield* TestClock.adjust("2 minutes")
    }))

  it.effect("34. Interrupting a suspended `send` sends nothing later, with options as without", () =>
    Effect.gen(function*() {
      const { connection, server } = yield* closedAtFirst()
      const gone = yield* beside(connection.send("gone", { expireAfter: "1 minute", replaceKey: "k" }))
      yield* Fiber.interrupt(gone)
      const next = yield* beside(connection.send("next", { replaceKey: "k" }))
      const peer = yield* reopen(server)
      assert.deepStrictEqual(yield* peer.received, ["next"])
      assert.strictEqual(outcome(next), "Success")
    }))
})

describe("replaceKey", () => {
  it.effect("of those that wait the newest is kept, in the place of the oldest, and the others fail as replaced", () =>
    Effect.gen(function*() {
      const { connection, server } = yield* closedAtFirst()
      const first = yield* beside(connection.send("price 1", { replaceKey: "price" }))
      const between = yield* beside(connection.send("between"))
      const other = yield* beside(connection.send("size 1", { replaceKey: "size" }))
      const second = yield* beside(connection.send("price 2", { replaceKey: "price" }))
      const third = yield* beside(connection.send("price 3", { replaceKey: "price" }))
      assert.deepStrictEqual([first, second].map(outcome), ["SendReplaced", "SendReplaced"])
      const peer = yield* reopen(server)
      assert.deepStrictEqual(yield* peer.received, ["price 3", "between", "size 1"])
      assert.deepStrictEqual([between, other, third].map(outcome), ["Success", "Success", "Success"])
      yield* connection.send("price 4", { replaceKey: "price" })
      yield* connection.send("price 5", { replaceKey: "price" })
      yield* settle
      assert.deepStrictEqual((yield* peer.received).slice(3), ["price 4", "price 5"])
    }))

  it.effect("works behind a peer that does not read, and for the sends of a session", () =>
    Effect.gen(function*() {
      const { connection, peer } = yield* openWith({ connection: { outbound: { highWaterMark: 10 } } })
      const session = yield* connection.awaitOpen
      yield* peer.pauseReading
      yield* connection.send("0123456789")
      const first = yield* beside(session.send("1", { replaceKey: "k" }))
      const second = yield* beside(connection.send("2", { replaceKey: "k" }))
      assert.deepStrictEqual([first, second].map(outcome), ["SendReplaced", undefined])
      yield* peer.resumeReading
      yield* settle
      assert.deepStrictEqual(yield* peer.received, ["0123456789", "2"])
      assert.strictEqual(outcome(second), "Success")
    }))

  it.effect("a buffered frame that is replaced is dropped, counted and announced, and makes room", () =>
    Effect.gen(function*() {
      const { connection, events, server } = yield* closedAtFirst({ buffer: { messages: 2 }, overflow: "fail" })
      yield* connection.send("old", { replaceKey: "k" })
      yield* connection.send("other")
      yield* connection.send("newer", { replaceKey: "k" })
      const refused = yield* beside(connection.send("no room"))
      assert.strictEqual(outcome(refused), "ConnectFailed")
      yield* settle
      assert.deepStrictEqual(drops(events), ["outbound replaced 1/3"])
      assert.deepStrictEqual(yield* (yield* reopen(server)).received, ["newer", "other"])
    }))

  it.effect("one that finds no room does not cost the one that it would have replaced", () =>
    Effect.gen(function*() {
      for (const overflow of ["fail", "dropNewest"] as const) {
        const { connection, server } = yield* closedAtFirst({ buffer: { bytes: 6 }, overflow })
        yield* connection.send("old", { replaceKey: "k" })
        yield* connection.send("abc")
        const large = yield* beside(connection.send("too large", { replaceKey: "k" }))
        assert.strictEqual(outcome(large), overflow === "fail" ? "ConnectFailed" : "Success")
        assert.deepStrictEqual(yield* (yield* reopen(server)).received, ["old", "abc"])
      }
    }))

  it.effect("with `dropOldest` others make room for it, and it keeps its place", () =>
    Effect.gen(function*() {
      const { connection, events, server } = yield* closedAtFirst({ buffer: { bytes: 9 }, overflow: "dropOldest" })
      yield* connection.send("old", { replaceKey: "k" })
      yield* connection.send("abc")
      yield* connection.send("def")
      yield* connection.send("newer", { replaceKey: "k" })
      yield* settle
      assert.deepStrictEqual(drops(events), ["outbound dropOldest 1/3", "outbound replaced 1/3"])
      assert.deepStrictEqual(yield* (yield* reopen(server)).received, ["newer", "def"])
    }))
})

/** What becomes, in each mode, of two frames with a key and one with a deadline, sent while nothing is connected. */
const modes: ReadonlyArray<{
  readonly mode: WhileDisconnected
  readonly outcomes: ReadonlyArray<string>
  readonly dropped: ReadonlyArray<string>
  readonly received: ReadonlyArray<string>
}> = [
  { mode: "suspend", outcomes: ["SendReplaced", "SendExpired", "Success"], dropped: [], received: ["new"] },
  { mode: "fail", outcomes: ["ConnectFailed", "ConnectFailed", "ConnectFailed"], dropped: [], received: [] },
  {
    mode: "drop",
    outcomes: ["Success", "Success", "Success"],
    dropped: ["outbound whileDisconnected 3/12"],
    received: []
  },
  ...(["suspend", "fail", "dropOldest", "dropNewest"] as const).map((overflow) => ({
    mode: { buffer: { messages: 5 }, overflow },
    outcomes: ["Success", "Success", "Success"],
    dropped: ["outbound replaced 1/3", "outbound expired 1/6"],
    received: ["new"]
  })),
  // No room: senders wait, and a key makes no room where it is none of a buffered frame.
  {
    mode: { buffer: { bytes: 1 }, overflow: "suspend" },
    outcomes: ["SendReplaced", "SendExpired", "Success"],
    dropped: [],
    received: ["new"]
  },
  {
    mode: { buffer: { bytes: 1 }, overflow: "fail" },
    outcomes: ["ConnectFailed", "ConnectFailed", "ConnectFailed"],
    dropped: [],
    received: []
  },
  ...(["dropOldest", "dropNewest"] as const).map((overflow) => ({
    mode: { buffer: { bytes: 1 }, overflow },
    outcomes: ["Success", "Success", "Success"],
    dropped: [`outbound ${overflow} 3/12`],
    received: []
  }))
]

describe("33. in each mode of `whileDisconnected` every frame has an outcome, with a key and with a deadline", () => {
  for (const { dropped, mode, outcomes, received } of modes) {
    it.effect(JSON.stringify(mode), () =>
      Effect.gen(function*() {
        const { connection, events, server } = yield* closedAtFirst(mode)
        const sends = [
          yield* beside(connection.send("old", { replaceKey: "k" })),
          yield* beside(connection.send("expire", { expireAfter: "1 second" })),
          yield* beside(connection.send("new", { replaceKey: "k", expireAfter: "1 minute" }))
        ]
        yield* TestClock.adjust("1 second")
        yield* settle
        assert.deepStrictEqual(drops(events), [...dropped])
        const peer = yield* reopen(server)
        assert.deepStrictEqual(yield* peer.received, [...received])
        assert.deepStrictEqual(sends.map(outcome), [...outcomes])
        yield* TestClock.adjust("2 minutes")
        assert.deepStrictEqual(yield* peer.received, [...received])
      }))
  }
})

describe("behind a prelude", () => {
  it.effect("a deadline and a key count while it holds everything up, in each mode", () =>
    Effect.gen(function*() {
      for (const whileDisconnected of ["suspend", "fail", "drop", { buffer: { messages: 1 } }] as const) {
        const { connection, server } = yield* connect({
          connection: { start: "lazy", outbound: { whileDisconnected } }
        })
        yield* connection.prelude(() => Effect.sleep("2 seconds"))
        yield* beside(connection.awaitOpen)
        const peer = yield* server.peer
        yield* settle
        const late = yield* beside(connection.send("late", { expireAfter: "1999 millis" }))
        const old = yield* beside(connection.send("old", { replaceKey: "k" }))
        const newest = yield* beside(connection.send("new", { replaceKey: "k", expireAfter: "2001 millis" }))
        yield* TestClock.adjust("2 seconds")
        yield* settle
        assert.deepStrictEqual([late, old, newest].map(outcome), ["SendExpired", "SendReplaced", "Success"])
        assert.deepStrictEqual(yield* peer.received, ["new"])
      }
    }))
})

describe("options that can never work", () => {
  it.effect("fail the send with a sentence that names them, and nothing is sent", () =>
    Effect.gen(function*() {
      const { connection, peer } = yield* openWith()
      const wrong: ReadonlyArray<readonly [string, unknown]> = [
        ["expireAfter", { expireAfter: 0 }],
        ["expireAfter", { expireAfter: "never" }],
        ["replaceKey", { replaceKey: 7 }],
        ["send", 7]
      ]
      for (const [option, options] of wrong) {
        for (const send of [connection.send("x", options as never), connection.sendAll(["x"], options as never)]) {
          const { reason } = yield* Effect.flip(send)
          assert(reason._tag === "SendFailed" && reason.cause.reason._tag === "InvalidRequest")
          assert.strictEqual(reason.cause.reason.option, option)
        }
      }
      yield* settle
      assert.deepStrictEqual(yield* peer.received, [])
    }))

  it.effect("of the rate limit fail the layer", () =>
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

describe("rateLimit", () => {
  it.effect("41. Binance-like: at most 5 messages a second out", () =>
    Effect.gen(function*() {
      const { connection, peer } = yield* openWith({
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
      const { connection, events, peer } = yield* openWith({
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
      const { connection, peer } = yield* openWith({
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
      const { connection, peer } = yield* openWith({
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
})
