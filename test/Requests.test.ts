import { assert, describe, it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Logger from "effect/Logger"
import * as References from "effect/References"
import * as Schema from "effect/Schema"
import * as Scope from "effect/Scope"
import { TestClock } from "effect/testing"
import * as Codec from "../src/Codec.ts"
import { ConnectionError } from "../src/ConnectionError.ts"
import * as Protocol from "../src/Protocol.ts"
import * as Requests from "../src/Requests.ts"
import { beside, connect, settle, type Setup } from "./support/connect.ts"
import { converse, heard, type Requestable, type Said, say, type Talk } from "./support/conversation.ts"

const over = (protocol: Talk, options: Partial<Requests.Options<Said, Said, Requestable>> = {}) =>
  Requests.make({ protocol, idOf: ({ id }) => id, replyTo: ({ id }) => id, ...options })

const make = (setup: Setup = {}, options: Partial<Requests.Options<Said, Said, Requestable>> = {}) =>
  Effect.gen(function*() {
    const talk = yield* converse(setup)
    return { ...talk, requests: yield* over(talk.protocol, options) }
  })

/** What became of it, in words. */
const outcome = (exit: Exit.Exit<Said, unknown>): string => {
  if (Exit.isSuccess(exit)) return `reply ${exit.value.n ?? ""}`.trim()
  const error: unknown = exit.cause.reasons.map((reason) => reason._tag === "Fail" ? reason.error : reason._tag)[0]
  if (error instanceof Requests.RequestTimedOut) return `timed out, ${error.delivery}`
  if (error instanceof Requests.RequestLost) return `lost, ${error.delivery}, ${error.cause.reason._tag}`
  if (error instanceof ConnectionError && error.reason._tag === "SendFailed") {
    return `refused, ${error.reason.cause.reason.message}`
  }
  return String(error)
}

/** Makes a request beside the test; the result tells what became of it, once something did. */
const ask = (requests: Requests.Requests<Said, Said>, said: Said, options?: Requests.RequestOptions) =>
  Effect.map(beside(requests.request(said, options)), (fiber) => ({
    fiber,
    get outcome() {
      const exit = fiber.pollUnsafe()
      return exit === undefined ? "waiting" : outcome(exit)
    }
  }))

describe("Requests", () => {
  it.effect("each of many requests in flight is given its own reply, in whatever order they come", () =>
    Effect.gen(function*() {
      const { requests, server } = yield* make()
      const peer = yield* server.peer
      const all = yield* Effect.forEach([1, 2, 3], (id) => ask(requests, { id }))
      assert.deepStrictEqual(yield* heard(peer), ["1", "2", "3"])
      assert.deepStrictEqual(yield* requests.counts, { inFlight: 3, late: 0 })
      yield* say(peer, { id: 3, n: 30 }, { op: "news" }, { id: 1, n: 10 }, { id: 2, n: 20 })
      assert.deepStrictEqual(all.map((one) => one.outcome), ["reply 10", "reply 20", "reply 30"])
      assert.deepStrictEqual(yield* requests.counts, { inFlight: 0, late: 0 })
    }))

  it.effect("an id may be any primitive, and 1 is not \"1\"", () =>
    Effect.gen(function*() {
      const { requests, server } = yield* make()
      const peer = yield* server.peer
      const all = yield* Effect.forEach([1, "1", true, null], (id) => ask(requests, { id }))
      yield* say(peer, { id: null, n: 4 }, { id: "1", n: 2 }, { id: true, n: 3 }, { id: 1, n: 1 })
      assert.deepStrictEqual(all.map((one) => one.outcome), ["reply 1", "reply 2", "reply 3", "reply 4"])
    }))

  it.effect("a reply right before the end of the session is not lost", () =>
    Effect.gen(function*() {
      const { requests, server } = yield* make()
      const peer = yield* server.peer
      const first = yield* ask(requests, { id: 1 })
      const second = yield* ask(requests, { id: 2 })
      yield* settle
      yield* peer.send(JSON.stringify({ id: 1, n: 7 }))
      yield* peer.close(1001)
      yield* settle
      assert.strictEqual(first.outcome, "reply 7")
      assert.strictEqual(second.outcome, "lost, unknown, GoingAway")
    }))

  describe("when the session ends", () => {
    it.effect("what was handed over is lost, and what was not is sent in the next session", () =>
      Effect.gen(function*() {
        const { requests, server } = yield* make()
        const peer = yield* server.peer
        const sent = yield* ask(requests, { id: 1 })
        yield* settle
        yield* peer.drop
        yield* settle
        const waiting = yield* ask(requests, { id: 2 })
        assert.strictEqual(sent.outcome, "lost, unknown, AbnormalClosure")
        assert.strictEqual(waiting.outcome, "waiting")
        yield* TestClock.adjust("1 second")
        const next = yield* server.peer
        assert.deepStrictEqual(yield* heard(next), ["2"])
        yield* say(next, { id: 2, n: 2 })
        assert.strictEqual(waiting.outcome, "reply 2")
      }))

    it.effect("what waits for room in the transport is not lost with the session, and goes with the next", () =>
      Effect.gen(function*() {
        const { requests, server } = yield* make({ connection: { outbound: { highWaterMark: 10 } } })
        const peer = yield* server.peer
        yield* peer.pauseReading
        const large = yield* ask(requests, { id: 1, op: "x".repeat(200_000) })
        const small = yield* ask(requests, { id: 2 })
        yield* settle
        yield* peer.drop
        yield* settle
        assert.strictEqual(large.outcome, "lost, unknown, AbnormalClosure")
        assert.strictEqual(small.outcome, "waiting")
        yield* TestClock.adjust("1 second")
        const next = yield* server.peer
        assert.deepStrictEqual(yield* heard(next), ["2"])
        yield* next.drop
        yield* settle
        assert.strictEqual(small.outcome, "lost, unknown, AbnormalClosure")
      }))

    it.effect("with whileDisconnected \"fail\" a request is lost at once, not sent; one that is retried waits", () =>
      Effect.gen(function*() {
        const { requests, server } = yield* make({ connection: { outbound: { whileDisconnected: "fail" } } })
        const peer = yield* server.peer
        yield* settle
        yield* peer.drop
        yield* settle
        const failing = yield* ask(requests, { id: 1 })
        const retried = yield* ask(requests, { id: 2 }, { retryOnReconnect: true })
        yield* settle
        assert.strictEqual(failing.outcome, "lost, notSent, AbnormalClosure")
        assert.strictEqual(retried.outcome, "waiting")
        yield* TestClock.adjust("1 second")
        const next = yield* server.peer
        assert.deepStrictEqual(yield* heard(next), ["2"])
        yield* say(next, { id: 2, n: 2 })
        assert.strictEqual(retried.outcome, "reply 2")
      }))

    it.effect("what was buffered while disconnected belongs to the session that sends it", () =>
      Effect.gen(function*() {
        const { requests, server } = yield* make({
          connection: { outbound: { whileDisconnected: { buffer: { messages: 10 } } } }
        })
        const peer = yield* server.peer
        yield* settle
        yield* peer.drop
        yield* settle
        const first = yield* ask(requests, { id: 1 })
        const second = yield* ask(requests, { id: 2 })
        yield* TestClock.adjust("1 second")
        const next = yield* server.peer
        assert.deepStrictEqual(yield* heard(next), ["1", "2"])
        yield* say(next, { id: 1, n: 1 })
        yield* next.drop
        yield* settle
        assert.strictEqual(first.outcome, "reply 1")
        assert.strictEqual(second.outcome, "lost, unknown, AbnormalClosure")
      }))

    it.effect("a request made while the session was open before the requests were is lost with it too", () =>
      Effect.gen(function*() {
        const { connection, protocol, server } = yield* converse()
        const peer = yield* server.peer
        yield* connection.awaitOpen
        const requests = yield* over(protocol)
        const asked = yield* ask(requests, { id: 1 })
        yield* settle
        yield* peer.drop
        yield* settle
        assert.strictEqual(asked.outcome, "lost, unknown, AbnormalClosure")
      }))
  })

  describe("retryOnReconnect", () => {
    it.effect("sends it again, in order, before what waits, until the reply comes", () =>
      Effect.gen(function*() {
        const { protocol, requests, server } = yield* make({}, { retryOnReconnect: true })
        let peer = yield* server.peer
        const all = yield* Effect.forEach([1, 2], (id) => ask(requests, { id }))
        const once = yield* ask(requests, { id: 3 }, { retryOnReconnect: false })
        yield* settle
        yield* peer.drop
        yield* settle
        yield* beside(protocol.send({ op: "user" }))
        yield* TestClock.adjust("1 second")
        peer = yield* server.peer
        assert.deepStrictEqual(yield* heard(peer), ["1", "2", "user"])
        assert.strictEqual(once.outcome, "lost, unknown, AbnormalClosure")
        yield* say(peer, { id: 2, n: 2 })
        yield* peer.drop
        yield* TestClock.adjust("1 second")
        peer = yield* server.peer
        assert.deepStrictEqual(yield* heard(peer), ["1"])
        yield* say(peer, { id: 1, n: 1 })
        assert.deepStrictEqual(all.map((one) => one.outcome), ["reply 1", "reply 2"])
      }))

    it.effect("its timeout goes on counting across sessions", () =>
      Effect.gen(function*() {
        const { requests, server } = yield* make()
        const peer = yield* server.peer
        const asked = yield* ask(requests, { id: 1 }, { retryOnReconnect: true, timeout: "3 seconds" })
        yield* TestClock.adjust("1500 millis")
        yield* peer.drop
        yield* TestClock.adjust("1400 millis")
        assert.deepStrictEqual(yield* heard(yield* server.peer), ["1"])
        assert.strictEqual(asked.outcome, "waiting")
        yield* TestClock.adjust("100 millis")
        assert.strictEqual(asked.outcome, "timed out, unknown")
      }))

    it.effect("one that is interrupted, or runs out of time, between two sessions is not sent again", () =>
      Effect.gen(function*() {
        const { requests, server } = yield* make({}, { retryOnReconnect: true })
        const peer = yield* server.peer
        const interrupted = yield* ask(requests, { id: 1 })
        const late = yield* ask(requests, { id: 2 }, { timeout: "500 millis" })
        yield* settle
        yield* peer.drop
        yield* settle
        yield* Fiber.interrupt(interrupted.fiber)
        yield* TestClock.adjust("1 second")
        assert.deepStrictEqual(yield* heard(yield* server.peer), [])
        assert.strictEqual(late.outcome, "timed out, unknown")
        assert.deepStrictEqual(yield* requests.counts, { inFlight: 0, late: 0 })
      }))
  })

  describe("timeouts", () => {
    it.effect("by default after 30 seconds, and it says whether it was sent", () =>
      Effect.gen(function*() {
        const { requests, server } = yield* make()
        yield* server.peer
        const asked = yield* ask(requests, { id: 1 })
        yield* TestClock.adjust("29999 millis")
        assert.strictEqual(asked.outcome, "waiting")
        yield* TestClock.adjust("1 millis")
        assert.strictEqual(asked.outcome, "timed out, unknown")
        const error = yield* Effect.flip(Fiber.join(asked.fiber))
        assert.isTrue(error instanceof Requests.RequestTimedOut && Duration.toSeconds(error.timeout) === 30)
      }))

    it.effect("waiting for a session counts; then nothing was sent, and nothing is sent later", () =>
      Effect.gen(function*() {
        const { requests, server } = yield* make({ server: (server) => server.next.refuse("ECONNREFUSED") })
        const asked = yield* ask(requests, { id: 1 }, { timeout: "900 millis" })
        yield* TestClock.adjust("900 millis")
        assert.strictEqual(asked.outcome, "timed out, notSent")
        yield* TestClock.adjust("100 millis")
        assert.deepStrictEqual(yield* heard(yield* server.peer), [])
      }))

    it.effect("\"Infinity\" waits for ever", () =>
      Effect.gen(function*() {
        const { requests, server } = yield* make({}, { timeout: "Infinity" })
        const peer = yield* server.peer
        const asked = yield* ask(requests, { id: 1 })
        yield* TestClock.adjust("10 days")
        yield* say(peer, { id: 1, n: 1 })
        assert.strictEqual(asked.outcome, "reply 1")
      }))

    it.effect("one that can never work is refused, of `make` and of a request", () =>
      Effect.gen(function*() {
        const { protocol, requests } = yield* make()
        const errors = [
          yield* Effect.flip(over(protocol, { timeout: 0 })),
          yield* Effect.flip(requests.request({ id: 1 }, { timeout: "-1 seconds" }))
        ]
        for (const error of errors) {
          assert.isTrue(error instanceof ConnectionError && error.reason._tag === "InvalidRequest", error.message)
        }
        assert.deepStrictEqual(yield* requests.counts, { inFlight: 0, late: 0 })
      }))
  })

  describe("what is given up", () => {
    it.effect("interrupting a request forgets it, and its reply is late", () =>
      Effect.gen(function*() {
        const { requests, server } = yield* make()
        const peer = yield* server.peer
        const asked = yield* ask(requests, { id: 1 })
        yield* settle
        yield* Fiber.interrupt(asked.fiber)
        assert.deepStrictEqual(yield* requests.counts, { inFlight: 0, late: 0 })
        yield* say(peer, { id: 1 })
        assert.deepStrictEqual(yield* requests.counts, { inFlight: 0, late: 1 })
      }))

    it.effect("late replies are counted, and the first is logged, at debug", () => {
      const logged: Array<unknown> = []
      const logger = Logger.make(({ logLevel, message }) => logged.push(`${logLevel}: ${String(message)}`))
      return Effect.gen(function*() {
        const { requests, server } = yield* make()
        const peer = yield* server.peer
        yield* ask(requests, { id: 1 }, { timeout: "1 second" })
        yield* TestClock.adjust("1 second")
        logged.length = 0
        yield* say(peer, { id: 1 }, { id: 1 }, { id: 99 })
        assert.deepStrictEqual(yield* requests.counts, { inFlight: 0, late: 3 })
        assert.deepStrictEqual(logged, [
          "Debug: a reply to 1, for which no request waits; others are only counted"
        ])
      }).pipe(
        Effect.provide(Logger.layer([logger])),
        Effect.provideService(References.MinimumLogLevel, "Debug")
      )
    })

    it.effect("a second reply to the same request is late", () =>
      Effect.gen(function*() {
        const { requests, server } = yield* make()
        const peer = yield* server.peer
        const asked = yield* ask(requests, { id: 1 })
        yield* settle
        yield* say(peer, { id: 1, n: 1 }, { id: 1, n: 2 })
        assert.strictEqual(asked.outcome, "reply 1")
        assert.deepStrictEqual(yield* requests.counts, { inFlight: 0, late: 1 })
      }))
  })

  describe("what is refused", () => {
    it.effect("an id that is in flight, until its reply came", () =>
      Effect.gen(function*() {
        const { requests, server } = yield* make()
        const peer = yield* server.peer
        const first = yield* ask(requests, { id: 1 })
        const second = yield* ask(requests, { id: 1 })
        yield* settle
        assert.strictEqual(
          second.outcome,
          "refused, invalid id: a request with the id 1 is in flight; an id must differ until its reply came"
        )
        yield* say(peer, { id: 1, n: 1 })
        assert.strictEqual(first.outcome, "reply 1")
        const third = yield* ask(requests, { id: 1 })
        yield* settle
        yield* say(peer, { id: 1, n: 3 })
        assert.strictEqual(third.outcome, "reply 3")
        assert.deepStrictEqual(yield* heard(peer), ["1", "1"])
      }))

    it.effect("a message without an id", () =>
      Effect.gen(function*() {
        const { requests } = yield* make()
        const asked = yield* ask(requests, { op: "news" })
        assert.match(asked.outcome, /^refused, invalid id: `idOf` knows no id/)
      }))

    it.effect("a message that cannot be encoded, with the schema's own words", () =>
      Effect.gen(function*() {
        const { connection } = yield* connect()
        const Ask = Schema.Struct({ id: Schema.Number, symbol: Schema.NonEmptyString })
        const protocol = yield* Protocol.over(connection, { codec: Codec.json, incoming: Ask, outgoing: Ask })
        const requests = yield* Requests.make({ protocol, idOf: ({ id }) => id, replyTo: ({ id }) => id })
        const error = yield* Effect.flip(requests.request({ id: 1, symbol: "" }, { retryOnReconnect: true }))
        assert.isTrue(error instanceof ConnectionError && error.reason._tag === "SendFailed", error.message)
        assert.include(error.message, "symbol")
        assert.deepStrictEqual(yield* requests.counts, { inFlight: 0, late: 0 })
      }))
  })

  describe("when it is all over", () => {
    it.effect("closed by us: what was sent is lost, and so is what is asked afterwards", () =>
      Effect.gen(function*() {
        const { connection, requests, server } = yield* make({}, { retryOnReconnect: true })
        yield* server.peer
        const sent = yield* ask(requests, { id: 1 })
        yield* settle
        const closing = yield* beside(connection.close())
        yield* TestClock.adjust("5 seconds")
        yield* Fiber.join(closing)
        yield* settle
        assert.match(sent.outcome, /^lost, unknown/)
        const after = yield* ask(requests, { id: 2 })
        yield* settle
        assert.strictEqual(after.outcome, "lost, notSent, ConnectionClosed")
      }))

    it.effect("given up: with the cause", () =>
      Effect.gen(function*() {
        const { requests, server } = yield* make()
        const peer = yield* server.peer
        const sent = yield* ask(requests, { id: 1 }, { retryOnReconnect: true })
        yield* settle
        yield* peer.close(1008, "go away")
        yield* settle
        assert.strictEqual(sent.outcome, "lost, unknown, PolicyViolation")
        const after = yield* ask(requests, { id: 2 })
        yield* settle
        assert.strictEqual(after.outcome, "lost, notSent, PolicyViolation")
      }))

    it.effect("the scope of the requests closes before the connection does: what was sent is lost", () =>
      Effect.gen(function*() {
        const { protocol, server } = yield* converse()
        const peer = yield* server.peer
        const scope = yield* Scope.make()
        const requests = yield* Scope.provide(over(protocol), scope)
        const asked = yield* ask(requests, { id: 1 })
        yield* settle
        yield* Scope.close(scope, Exit.void)
        yield* settle
        assert.strictEqual(asked.outcome, "lost, unknown, ConnectionClosed")
        assert.deepStrictEqual(yield* heard(peer), ["1"])
      }))
  })

  // Every step of the way is a moment at which the session can end.
  it.effect.each(Array.from({ length: 24 }, (_, steps) => steps))(
    "a session that ends %i steps after the requests were made leaves none without an outcome",
    (steps) =>
      Effect.gen(function*() {
        const { requests, server } = yield* make()
        const peer = yield* server.peer
        const once = yield* ask(requests, { id: 1 })
        const again = yield* ask(requests, { id: 2 }, { retryOnReconnect: true })
        yield* beside(peer.send(JSON.stringify({ id: 1, n: 1 })))
        for (let i = 0; i < steps; i++) yield* Effect.yieldNow
        yield* peer.drop
        yield* settle
        yield* TestClock.adjust("1 second")
        const next = yield* server.peer
        const waited = once.outcome === "waiting"
        assert.deepStrictEqual(yield* heard(next), waited ? ["1", "2"] : ["2"])
        yield* say(next, { id: 1, n: 10 }, { id: 2, n: 2 })
        if (waited) assert.strictEqual(once.outcome, "reply 10")
        else assert.include(["reply 1", "lost, unknown, AbnormalClosure"], once.outcome)
        assert.strictEqual(again.outcome, "reply 2")
        assert.strictEqual((yield* requests.counts).inFlight, 0)
      })
  )
})
