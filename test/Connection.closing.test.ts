import { assert, describe, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Logger from "effect/Logger"
import * as Option from "effect/Option"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { TestClock } from "effect/testing"
import { beside, collect, connect, failureOf, settle, type Setup, tags } from "./support/connect.ts"

/** A connection in a scope of its own, which `close` closes. */
const scoped = Effect.fnUntraced(function*(setup: Setup = {}) {
  const scope = yield* Scope.make()
  yield* Effect.addFinalizer(() => Scope.close(scope, Exit.void))
  const connected = yield* Scope.provide(connect(setup), scope)
  return { ...connected, close: Scope.close(scope, Exit.void) }
})

const elapsed = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<number, E, R> =>
  Effect.gen(function*() {
    const begun = yield* Clock.currentTimeMillis
    yield* effect
    return (yield* Clock.currentTimeMillis) - begun
  })

describe("leaving", () => {
  it.effect("closing the scope sends closeCode, waits for the answer, and ends with Closed without a cause", () =>
    Effect.gen(function*() {
      const { close, connection, server } = yield* scoped({ connection: { closeCode: 1001 } })
      const session = yield* connection.awaitOpen
      const peer = yield* server.peer
      yield* peer.latency("1 second")
      const statuses = yield* collect(connection.changes)
      const events = yield* collect(connection.events)
      const closing = yield* beside(elapsed(close))
      yield* settle
      assert.strictEqual((yield* connection.status)._tag, "Closing")
      yield* TestClock.adjust("10 seconds")
      assert.strictEqual(yield* Fiber.join(closing), 2000)
      assert.deepStrictEqual(yield* peer.closed, { code: 1001, reason: "" })
      assert.deepStrictEqual(tags(statuses), ["Open", "Closing", "Closed"])
      assert.deepStrictEqual(tags(events), ["Disconnected", "Closed"])
      const { reason } = yield* session.ended
      assert(reason._tag === "GoingAway" && reason.initiator === "self")
      const status = yield* connection.status
      assert(status._tag === "Closed")
      assert.deepStrictEqual([status.cause, status.attempts, status.dials], [Option.none(), 1, 1])
      assert.strictEqual(yield* server.openLinks, 0)
    }))

  it.effect("close gives the code and the reason; whoever waits is told that we closed it", () =>
    Effect.gen(function*() {
      const { connection, server } = yield* connect()
      yield* connection.awaitOpen
      const ends = yield* Effect.forEach([
        connection.await,
        Stream.runDrain(connection.messages),
        Stream.runDrain(connection.sessions),
        Stream.runDrain(connection.changes),
        Stream.runDrain(connection.events),
        connection.withSessions(() => Effect.never)
      ], (effect) => beside(effect))
      yield* connection.close({ code: 4001, reason: "done for today" })
      yield* settle
      for (const end of ends) assert.deepStrictEqual(end.pollUnsafe(), Exit.void)
      assert.deepStrictEqual(yield* Effect.flatMap(server.peer, (peer) => peer.closed), {
        code: 4001,
        reason: "done for today"
      })
      yield* connection.await
      yield* Stream.runDrain(connection.messages)
      assert.strictEqual((yield* failureOf(connection.awaitOpen)).reason._tag, "ConnectionClosed")
      const { reason } = yield* failureOf(connection.send("late"))
      assert(reason._tag === "SendFailed" && reason.delivery === "notSent")
      assert.strictEqual(reason.cause.reason._tag, "ConnectionClosed")
    }))

  it.effect("what was sent is flushed before the Close frame; nothing more is accepted meanwhile", () =>
    Effect.gen(function*() {
      const { connection, server } = yield* connect({ connection: { outbound: { highWaterMark: 8 } } })
      yield* connection.awaitOpen
      const peer = yield* server.peer
      yield* peer.pauseReading
      yield* connection.send("one")
      yield* connection.send("two, above the mark")
      const suspended = yield* beside(connection.send("three"))
      const closing = yield* beside(connection.close())
      yield* TestClock.adjust("1 second")
      assert.isUndefined(closing.pollUnsafe())
      assert.strictEqual((yield* failureOf(connection.send("four"))).reason._tag, "SendFailed")
      yield* peer.resumeReading
      yield* Fiber.join(closing)
      yield* Fiber.join(suspended)
      assert.deepStrictEqual(yield* peer.received, ["one", "two, above the mark", "three"])
      assert.strictEqual((yield* peer.closed).code, 1000)
    }))

  it.effect("nothing more is accepted while the rest is flushed, below the mark either", () =>
    Effect.gen(function*() {
      const { connection, server } = yield* connect()
      yield* connection.awaitOpen
      const peer = yield* server.peer
      yield* peer.pauseReading
      yield* connection.send("in time")
      const closing = yield* beside(connection.close())
      yield* TestClock.adjust("1 second")
      assert.isUndefined(closing.pollUnsafe())
      assert.strictEqual((yield* failureOf(connection.send("late"))).reason._tag, "SendFailed")
      yield* peer.resumeReading
      yield* Fiber.join(closing)
      assert.deepStrictEqual(yield* peer.received, ["in time"])
    }))

  it.effect("what an earlier session lost keeps nothing from being flushed now", () =>
    Effect.gen(function*() {
      const { connection, server } = yield* connect({ connection: { outbound: { highWaterMark: 1 } } })
      yield* connection.awaitOpen
      const first = yield* server.peer
      yield* first.pauseReading
      yield* connection.send("lost with session 1")
      yield* first.drop
      yield* settle
      yield* TestClock.adjust("1 second")
      const peer = yield* server.peer
      yield* settle
      yield* peer.pauseReading
      yield* connection.send("one")
      const suspended = yield* beside(connection.send("two"))
      const closing = yield* beside(connection.close())
      yield* settle
      yield* peer.resumeReading
      yield* Fiber.join(closing)
      yield* Fiber.join(suspended)
      assert.deepStrictEqual(yield* peer.received, ["one", "two"])
    }))

  for (const hole of ["reads nothing", "is half-open"] as const) {
    it.effect(`closing towards a peer that ${hole} takes at most closeTimeout; what is left is terminated and counted`, () =>
      Effect.gen(function*() {
        const { connection, server } = yield* connect({
          connection: { closeTimeout: "3 seconds", outbound: { highWaterMark: 10 } }
        })
        yield* connection.awaitOpen
        const events = yield* collect(connection.events)
        const peer = yield* server.peer
        yield* peer.blackhole({ inbound: true, outbound: true })
        if (hole === "reads nothing") yield* peer.pauseReading
        yield* connection.send("0123456789")
        const suspended = hole === "reads nothing" ? yield* beside(failureOf(connection.send("later"))) : undefined
        const closing = yield* beside(elapsed(connection.close()))
        yield* TestClock.adjust("1 hour")
        assert.strictEqual(yield* Fiber.join(closing), 3000)
        assert.strictEqual(yield* server.openLinks, 0)
        const [lost] = events
        assert(lost?._tag === "Disconnected")
        assert.deepStrictEqual(
          lost.unflushed,
          hole === "reads nothing" ? { messages: 1, bytes: 10 } : { messages: 0, bytes: 0 }
        )
        if (suspended !== undefined) {
          const { reason } = yield* Fiber.join(suspended)
          assert(reason._tag === "SendFailed" && reason.delivery === "notSent")
          assert.strictEqual(reason.cause.reason._tag, "ConnectionClosed")
        }
      }))
  }

  it.effect("the last word is one: a second close waits for the first, whose code counts", () =>
    Effect.gen(function*() {
      const { connection, server } = yield* connect()
      yield* connection.awaitOpen
      const peer = yield* server.peer
      yield* Effect.all([connection.close({ code: 4001 }), connection.close({ code: 4002 }), connection.close()], {
        concurrency: "unbounded"
      })
      yield* connection.close({ code: 4003 })
      assert.strictEqual((yield* peer.closed).code, 4001)
    }))

  it.effect("the peer closes while we flush: we leave at once", () =>
    Effect.gen(function*() {
      const { connection, server } = yield* connect()
      yield* connection.awaitOpen
      const peer = yield* server.peer
      yield* peer.pauseReading
      yield* connection.send("never read")
      const closing = yield* beside(connection.close())
      yield* settle
      yield* peer.drop
      yield* Fiber.join(closing)
      assert.strictEqual((yield* connection.status)._tag, "Closed")
    }))

  it.effect("a code that may not be sent is an InvalidRequest, never a throw, and closes nothing", () =>
    Effect.gen(function*() {
      const { connection } = yield* connect()
      const session = yield* connection.awaitOpen
      for (const code of [0, 999, 1004, 1005, 1006, 1012, 1013, 1014, 1015, 2000, 2999, 5000, 1000.5, Number.NaN]) {
        for (const refused of [connection.close({ code }), session.end({ code })]) {
          const { reason } = yield* failureOf(refused)
          assert(reason._tag === "InvalidRequest")
          assert.strictEqual(reason.option, "code")
        }
      }
      assert.strictEqual((yield* connection.status)._tag, "Open")
    }))

  it.effect("a reason is cut to 123 bytes on a code point, with a warning", () =>
    Effect.gen(function*() {
      const warnings: Array<unknown> = []
      const logger = Logger.make(({ logLevel, message }) => void (logLevel === "Warn" && warnings.push(message)))
      const { connection, server } = yield* connect()
      yield* connection.awaitOpen
      const peer = yield* server.peer
      yield* Effect.provide(connection.close({ reason: "ä".repeat(100) }), Logger.layer([logger]))
      assert.strictEqual((yield* peer.closed).reason, "ä".repeat(61))
      assert.strictEqual(warnings.length, 1)
    }))

  it.effect("a socket that is still closing behind the open session is freed with it", () =>
    Effect.gen(function*() {
      const { close, connection, server } = yield* scoped({ connection: { closeTimeout: "1 hour" } })
      const first = yield* server.peer
      yield* first.blackhole({ outbound: true })
      yield* first.close(1001)
      yield* TestClock.adjust("1 second")
      assert.strictEqual((yield* connection.status)._tag, "Open")
      assert.strictEqual(yield* server.openLinks, 2)
      yield* close
      assert.strictEqual(yield* server.openLinks, 0)
    }))
})
