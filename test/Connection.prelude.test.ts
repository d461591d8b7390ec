import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Scope from "effect/Scope"
import { TestClock } from "effect/testing"
import * as Connection from "../src/Connection.ts"
import type { PreludeSession } from "../src/Connection.ts"
import { ConnectionError, PolicyViolation } from "../src/ConnectionError.ts"
import type { TestServer } from "../src/testing/TestServer.ts"
import * as TestTransport from "../src/testing/TestTransport.ts"
import { beside, collect, connectTo, parts, settle, tags } from "./support/connect.ts"

/** A connection that dials only when it is used, so that preludes can be added before. */
const lazy = Effect.fnUntraced(function*(options: Connection.ConnectionOptions = {}) {
  const network = yield* TestTransport.make
  const { connection, server } = yield* connectTo(network, { connection: { start: "lazy", ...options } })
  return { connection, server }
})

const opened = Effect.fnUntraced(function*(server: TestServer) {
  const peer = yield* server.peer
  yield* settle
  return peer
})

/** Says so many words, and counts its sessions. */
const saying = (words: ReadonlyArray<string>, sessions: Array<PreludeSession> = []) => (session: PreludeSession) => {
  sessions.push(session)
  return Effect.forEach(words, session.send, { discard: true })
}

describe("prelude", () => {
  it.effect("goes first in every session, whatever waited, and whoever is told of `Open`", () =>
    Effect.gen(function*() {
      const { connection, server } = yield* lazy()
      yield* connection.prelude(saying(["open a", "open b"]))
      yield* beside(connection.withSessions((session) => session.send("of withSessions")))
      yield* beside(connection.sendAll(["waited 1", "waited 2"]))
      const first = yield* opened(server)
      const received = yield* first.received
      assert.deepStrictEqual(received.slice(0, 2), ["open a", "open b"])
      assert.deepStrictEqual(received.map(String).sort(), [
        "of withSessions",
        "open a",
        "open b",
        "waited 1",
        "waited 2"
      ])
      yield* first.drop
      yield* settle
      yield* beside(connection.send("again"))
      yield* TestClock.adjust("1 second")
      const second = yield* opened(server)
      assert.deepStrictEqual((yield* second.received).slice(0, 2), ["open a", "open b"])
    }))

  it.effect("comes after `greet`, and several come in the order in which they were added", () =>
    Effect.gen(function*() {
      const { layer, server } = yield* parts({ handshake: { greet: (session) => session.send("hello") } })
      const context = yield* Layer.build(layer)
      const connection = yield* Effect.provideContext(Connection.make({ start: "lazy" }), context)
      yield* connection.prelude(saying(["1", "2"]))
      yield* connection.prelude(saying(["3"]))
      yield* beside(connection.send("user"))
      const peer = yield* opened(server)
      assert.deepStrictEqual(yield* peer.received, ["hello", "1", "2", "3", "user"])
    }))

  it.effect("holds what is sent back until it is over, while messages reach their readers", () =>
    Effect.gen(function*() {
      const { connection, server } = yield* lazy()
      const confirmed = yield* Deferred.make<void>()
      yield* connection.listen((message) => {
        if (message === "ack") Deferred.doneUnsafe(confirmed, Effect.void)
      })
      yield* connection.prelude((session) => Effect.andThen(session.send("subscribe"), Deferred.await(confirmed)))
      const sender = yield* beside(connection.send("user"))
      const flusher = yield* beside(connection.flush)
      const peer = yield* opened(server)
      const late = yield* beside(connection.send("later"))
      assert.strictEqual((yield* connection.status)._tag, "Open")
      yield* TestClock.adjust("1 minute")
      assert.deepStrictEqual(yield* peer.received, ["subscribe"])
      assert.isUndefined(sender.pollUnsafe())
      assert.isUndefined(flusher.pollUnsafe())
      yield* peer.send("ack")
      yield* Fiber.join(late)
      yield* Fiber.join(flusher)
      yield* settle
      assert.deepStrictEqual(yield* peer.received, ["subscribe", "user", "later"])
    }))

  it.effect("is told how long nothing was open, and why", () =>
    Effect.gen(function*() {
      const { connection, server } = yield* lazy()
      const sessions: Array<PreludeSession> = []
      yield* connection.prelude(saying([], sessions))
      yield* beside(connection.awaitOpen)
      const peer = yield* opened(server)
      yield* TestClock.adjust("1 hour")
      yield* peer.close(1012, "restart")
      yield* TestClock.adjust("2 minutes")
      yield* opened(server)
      const [first, second] = sessions
      assert.deepStrictEqual([first!.id, second!.id], [1, 2])
      assert.isTrue(Option.isNone(first!.previous))
      assert.strictEqual(Duration.toMillis(first!.downtime), 0)
      assert.strictEqual(Option.getOrThrow(second!.previous).reason._tag, "ServiceRestart")
      assert.isAtLeast(Duration.toSeconds(second!.downtime), 5)
      assert.strictEqual((yield* first!.ended).reason._tag, "ServiceRestart")
    }))

  it.effect("is the session's ordinary `send` afterwards, and fails once the session has ended", () =>
    Effect.gen(function*() {
      const { connection, server } = yield* lazy()
      const sessions: Array<PreludeSession> = []
      yield* connection.prelude(saying([], sessions))
      yield* beside(connection.awaitOpen)
      const peer = yield* opened(server)
      yield* sessions[0]!.send("now")
      yield* settle
      assert.deepStrictEqual(yield* peer.received, ["now"])
      yield* peer.drop
      yield* settle
      const { reason } = yield* Effect.flip(sessions[0]!.send("too late"))
      assert(reason._tag === "SendFailed")
      assert.strictEqual(reason.delivery, "notSent")
      assert.strictEqual(reason.cause.reason._tag, "AbnormalClosure")
      const wrong = yield* Effect.flip(sessions[0]!.send(5 as never))
      assert.strictEqual(wrong.reason._tag, "SendFailed")
    }))

  it.effect("that fails ends the session with that failure, and 1011", () =>
    Effect.gen(function*() {
      const { connection, server } = yield* lazy()
      const error = new ConnectionError({
        reason: new PolicyViolation({ code: 1008, closeReason: "", initiator: "peer" })
      })
      yield* connection.prelude(() => Effect.fail(error))
      const waiting = yield* beside(connection.await)
      yield* beside(connection.send("user"))
      const peer = yield* opened(server)
      assert.deepStrictEqual(yield* peer.closed, { code: 1011, reason: "" })
      assert.deepStrictEqual(yield* peer.received, [])
      assert.strictEqual((yield* Effect.flip(Fiber.join(waiting))).reason._tag, "PolicyViolation")
    }))

  it.effect("that is interrupted from within fails: the session ends, and the next one comes", () =>
    Effect.gen(function*() {
      const { connection, server } = yield* lazy()
      const errors: Array<ConnectionError> = []
      yield* connection.prelude((session) => {
        if (session.id > 1) return session.send("again")
        return Effect.andThen(
          Effect.forkChild(Effect.never),
          (fiber) => Effect.andThen(Fiber.interrupt(fiber), Fiber.join(fiber))
        )
      })
      yield* beside(
        Effect.tap(
          Effect.flatMap(connection.awaitOpen, (session) => session.ended),
          (error) => Effect.sync(() => errors.push(error))
        )
      )
      yield* beside(connection.send("user"))
      yield* opened(server)
      assert.deepStrictEqual(errors.map(({ reason }) => reason._tag), ["GreetingFailed"])
      yield* TestClock.adjust("1 minute")
      assert.deepStrictEqual(yield* (yield* opened(server)).received, ["again", "user"])
    }))

  it.effect("that wants to send once a Close went out does not hide why the session ended", () =>
    Effect.gen(function*() {
      const { connection, server } = yield* lazy()
      const events = yield* collect(connection.events)
      yield* connection.prelude((session) => Effect.andThen(Effect.sleep("10 millis"), session.send("too late")))
      yield* beside(connection.awaitOpen)
      const peer = yield* opened(server)
      yield* peer.latency("1 second")
      yield* beside(connection.close())
      yield* TestClock.adjust("1 minute")
      const ends = events.flatMap((event) => event._tag === "Disconnected" ? [event.error.reason._tag] : [])
      assert.deepStrictEqual(ends, ["NormalClosure"])
    }))

  it.effect("with a defect is a bug: the connection dies with it", () =>
    Effect.gen(function*() {
      const { connection, server } = yield* lazy()
      yield* connection.prelude(() => {
        throw new Error("a bug")
      })
      const waiting = yield* beside(connection.await)
      yield* beside(connection.awaitOpen)
      yield* opened(server)
      const exit = yield* Fiber.await(waiting)
      assert.isTrue(Exit.hasDies(exit))
    }))

  it.effect("is interrupted by the end of its session, and runs again in the next", () =>
    Effect.gen(function*() {
      const { connection, server } = yield* lazy()
      const log: Array<string> = []
      yield* connection.prelude((session) =>
        Effect.sync(() => log.push(`begins ${session.id}`)).pipe(
          Effect.andThen(Effect.never),
          Effect.onInterrupt(() => Effect.sync(() => log.push(`interrupted ${session.id}`)))
        )
      )
      yield* beside(connection.awaitOpen)
      const peer = yield* opened(server)
      yield* peer.drop
      yield* settle
      yield* TestClock.adjust("1 second")
      yield* opened(server)
      assert.deepStrictEqual(log, ["begins 1", "interrupted 1", "begins 2"])
    }))

  it.effect("whose scope is closed is interrupted, and what waited goes on", () =>
    Effect.gen(function*() {
      const { connection, server } = yield* lazy()
      const scope = yield* Scope.make()
      yield* Scope.provide(connection.prelude(() => Effect.never), scope)
      const sender = yield* beside(connection.send("user"))
      const peer = yield* opened(server)
      assert.isUndefined(sender.pollUnsafe())
      yield* Scope.close(scope, Exit.void)
      yield* Fiber.join(sender)
      yield* peer.drop
      yield* settle
      yield* TestClock.adjust("1 second")
      const next = yield* opened(server)
      yield* connection.send("at once")
      yield* settle
      assert.deepStrictEqual(yield* next.received, ["at once"])
    }))

  it.effect("added while a session is open begins with the next one", () =>
    Effect.gen(function*() {
      const { connection, server } = yield* lazy()
      yield* beside(connection.awaitOpen)
      const peer = yield* opened(server)
      yield* connection.prelude(saying(["first"]))
      yield* connection.send("user")
      yield* settle
      assert.deepStrictEqual(yield* peer.received, ["user"])
      yield* peer.drop
      yield* settle
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(yield* (yield* opened(server)).received, ["first"])
    }))

  it.effect("suspends above the mark, as `send` does", () =>
    Effect.gen(function*() {
      const { connection, server } = yield* lazy({ outbound: { highWaterMark: 10 } })
      const log: Array<string> = []
      const words = ["0123456789", "second", "third"]
      yield* connection.prelude((session) =>
        Effect.forEach(words, (word) => Effect.tap(session.send(word), () => Effect.sync(() => log.push(word))), {
          discard: true
        })
      )
      yield* server.next.accept()
      yield* beside(connection.awaitOpen)
      const peer = yield* server.peer
      yield* peer.pauseReading
      yield* settle
      assert.deepStrictEqual(log, words.slice(0, 1))
      yield* peer.resumeReading
      yield* settle
      assert.deepStrictEqual(log, words)
      assert.deepStrictEqual(yield* peer.received, words)
    }))

  it.effect("that hangs does not hold up the end: one bound covers it", () =>
    Effect.gen(function*() {
      const network = yield* TestTransport.make
      const scope = yield* Scope.make()
      const { connection } = yield* Scope.provide(
        connectTo(network, { connection: { start: "lazy", closeTimeout: "3 seconds" } }),
        scope
      )
      yield* connection.prelude(() => Effect.never)
      const sender = yield* beside(connection.send("user"))
      const statuses = yield* collect(connection.changes)
      yield* opened(network.server)
      const closing = yield* beside(Scope.close(scope, Exit.void))
      yield* TestClock.adjust("2999 millis")
      assert.isUndefined(closing.pollUnsafe())
      yield* TestClock.adjust("1 milli")
      assert.isDefined(closing.pollUnsafe())
      assert.isTrue(Exit.hasFails(yield* Fiber.await(sender)))
      assert.deepStrictEqual(tags(statuses), ["Connecting", "Connecting", "Open", "Closing", "Closed"])
    }))
})
