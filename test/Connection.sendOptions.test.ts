import { assert, describe, it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { TestClock } from "effect/testing"
import type { ConnectionOptions } from "../src/Connection.ts"
import type { ConnectionError } from "../src/ConnectionError.ts"
import type { ConnectionEvent } from "../src/ConnectionEvent.ts"
import * as Reconnect from "../src/Reconnect.ts"
import { beside, connect, settle } from "./support/connect.ts"
import { outcome } from "./support/outages.ts"
import * as outages from "./support/outages.ts"

type WhileDisconnected = NonNullable<NonNullable<ConnectionOptions["outbound"]>["whileDisconnected"]>

const closedAtFirst = (whileDisconnected: WhileDisconnected = "suspend") =>
  outages.closedAtFirst({ connection: { outbound: { whileDisconnected } } })

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
      const peer = yield* outages.reopen(server)
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
      assert.match(error.message, /^not sent: it could not be sent within 2s: no session is open \(.*ECONNREFUSED/)
      assert.isTrue(error.isRetryable)
      assert(error.reason._tag === "SendFailed" && error.reason.cause.reason._tag === "SendExpired")
      assert.strictEqual(Duration.toSeconds(error.reason.cause.reason.after), 2)
    }))

  it.effect("counts behind a peer that does not read, too", () =>
    Effect.gen(function*() {
      const { connection, peer } = yield* outages.open({ connection: { outbound: { highWaterMark: 10 } } })
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
      const peer = yield* outages.reopen(server)
      assert.deepStrictEqual(yield* peer.received, ["kept", "waits for room", "after"])
      assert.strictEqual(outcome(waiting), "Success")
    }))

  it.effect("does not matter where the frame goes out at once, or is refused at once", () =>
    Effect.gen(function*() {
      const { connection, peer } = yield* outages.open()
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
      const { connection, peer } = yield* outages.open({
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
      const peer = yield* outages.reopen(server)
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
      const peer = yield* outages.reopen(server)
      assert.deepStrictEqual(yield* peer.received, ["price 3", "between", "size 1"])
      assert.deepStrictEqual([between, other, third].map(outcome), ["Success", "Success", "Success"])
      yield* connection.send("price 4", { replaceKey: "price" })
      yield* connection.send("price 5", { replaceKey: "price" })
      yield* settle
      assert.deepStrictEqual((yield* peer.received).slice(3), ["price 4", "price 5"])
    }))

  it.effect("works behind a peer that does not read, and for the sends of a session", () =>
    Effect.gen(function*() {
      const { connection, peer } = yield* outages.open({ connection: { outbound: { highWaterMark: 10 } } })
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
      assert.deepStrictEqual(yield* (yield* outages.reopen(server)).received, ["newer", "other"])
    }))

  it.effect("one that finds no room does not cost the one that it would have replaced", () =>
    Effect.gen(function*() {
      for (const overflow of ["fail", "dropNewest"] as const) {
        const { connection, server } = yield* closedAtFirst({ buffer: { bytes: 6 }, overflow })
        yield* connection.send("old", { replaceKey: "k" })
        yield* connection.send("abc")
        const large = yield* beside(connection.send("too large", { replaceKey: "k" }))
        assert.strictEqual(outcome(large), overflow === "fail" ? "ConnectFailed" : "Success")
        assert.deepStrictEqual(yield* (yield* outages.reopen(server)).received, ["old", "abc"])
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
      assert.deepStrictEqual(yield* (yield* outages.reopen(server)).received, ["newer", "def"])
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
        const peer = yield* outages.reopen(server)
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

describe("what kept a message from going out", () => {
  const reason = (effect: Effect.Effect<void, ConnectionError>) =>
    Effect.gen(function*() {
      const failing = yield* beside(Effect.flip(effect))
      yield* TestClock.adjust("1 second")
      const error = yield* Fiber.join(failing)
      assert(error.reason._tag === "SendFailed" && error.reason.cause.reason._tag === "SendExpired")
      return error.reason.cause.reason.because
    })
  const late = { expireAfter: "1 second" } as const

  it.effect("is told: no session, a prelude, a peer that does not read, the rate limit", () =>
    Effect.gen(function*() {
      const away = yield* closedAtFirst()
      assert.match(yield* reason(away.connection.send("x", late)), /^no session is open \(.*ECONNREFUSED.*\)$/)

      const begun = yield* connect({ connection: { start: "lazy" } })
      yield* begun.connection.prelude(() => Effect.never)
      yield* beside(begun.connection.awaitOpen)
      yield* settle
      assert.strictEqual(
        yield* reason(begun.connection.send("x", late)),
        "what goes first in the session is not over yet"
      )

      const deaf = yield* outages.open({ connection: { outbound: { highWaterMark: 1 } } })
      yield* deaf.peer.pauseReading
      yield* deaf.connection.send("x")
      assert.strictEqual(
        yield* reason(deaf.connection.send("x", late)),
        "the peer does not take what was sent before"
      )
      yield* deaf.peer.resumeReading

      const limited = yield* outages.open({
        connection: { outbound: { rateLimit: { limit: 1, window: "1 minute" } } }
      })
      yield* limited.connection.send("x")
      assert.strictEqual(yield* reason(limited.connection.send("x", late)), "the rate limit holds it back")
    }))
})

describe("options that can never work", () => {
  it.effect("fail the send with a sentence that names them, and nothing is sent", () =>
    Effect.gen(function*() {
      const { connection, peer } = yield* outages.open()
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
})
