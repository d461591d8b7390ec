import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import { TestClock } from "effect/testing"
import { ConnectionError, TryAgainLater } from "../../src/ConnectionError.ts"
import type { GreetSession } from "../../src/Handshake.ts"
import type { TestServer } from "../../src/testing/TestServer.ts"
import { beside, collect, connect, failureOf, settle, tags } from "../support/connect.ts"

/** Why the connection waits. */
const causeOf = (status: { readonly _tag: string }) => {
  assert(status._tag === "Waiting" && "cause" in status && status.cause instanceof ConnectionError)
  return status.cause
}

const answering = (server: TestServer, ...answers: ReadonlyArray<string>) =>
  Effect.gen(function*() {
    const peer = yield* server.peer
    yield* peer.receive
    for (const answer of answers) yield* peer.send(answer)
    return peer
  })

/** Says hello and takes one answer. */
const hello = (session: GreetSession) => Effect.andThen(session.send("hello"), session.receive)

describe("greet", () => {
  it.effect("runs alone with the link, before Open; nothing the user sent overtakes it", () =>
    Effect.gen(function*() {
      const answers: Array<unknown> = []
      const { connection, server } = yield* connect({
        handshake: {
          greet: (session) => Effect.tap(hello(session), (answer) => Effect.sync(() => answers.push(answer)))
        }
      })
      const seen = yield* collect(connection.messages)
      const sending = yield* beside(connection.send("the user's"))
      const peer = yield* server.peer
      yield* TestClock.adjust("5 seconds")
      assert.deepStrictEqual(yield* peer.received, ["hello"])
      assert.isUndefined(sending.pollUnsafe())
      assert.strictEqual((yield* connection.status)._tag, "Connecting")
      yield* peer.send("welcome")
      yield* Fiber.join(sending)
      yield* settle
      assert.deepStrictEqual(answers, ["welcome"])
      assert.deepStrictEqual(yield* peer.received, ["hello", "the user's"])
      assert.deepStrictEqual(seen, [])
      assert.strictEqual((yield* connection.status)._tag, "Open")
    }))

  it.effect("what it left is delivered first, once, after Open", () =>
    Effect.gen(function*() {
      const { connection, server } = yield* connect({ handshake: { greet: hello } })
      let status = ""
      yield* beside(Stream.runForEach(connection.changes, ({ _tag }) => Effect.sync(() => status = _tag)))
      const heard: Array<unknown> = []
      yield* connection.listen((message) => heard.push(message))
      const seen = yield* collect(Stream.map(connection.messages, (message) => `${String(message)} while ${status}`))
      const peer = yield* answering(server, "welcome", "first", "second")
      yield* settle
      yield* peer.send("live")
      yield* settle
      assert.deepStrictEqual(heard, ["first", "second", "live"])
      assert.deepStrictEqual(seen, ["first while Open", "second while Open", "live while Open"])
    }))

  it.effect("never finishes: its own deadline, typed", () =>
    Effect.gen(function*() {
      let interrupted = false
      const { connection, server } = yield* connect({
        handshake: {
          timeout: "1 second",
          greetTimeout: "3 seconds",
          greet: () => Effect.onInterrupt(Effect.never, () => Effect.sync(() => void (interrupted = true)))
        }
      })
      const peer = yield* server.peer
      yield* TestClock.adjust("2999 millis")
      assert.strictEqual((yield* connection.status)._tag, "Connecting")
      yield* TestClock.adjust("1 milli")
      const { reason } = causeOf(yield* connection.status)
      assert(reason._tag === "HandshakeTimeout")
      assert.strictEqual(reason.phase, "greet")
      assert.deepStrictEqual(reason.timeout, Option.some(Duration.seconds(3)))
      assert(interrupted)
      assert.strictEqual((yield* peer.closed).code, 1006)
      assert.strictEqual(yield* server.openLinks, 0)
    }))

  it.effect("fails: an attempt failed with its cause, retried at most 5 times", () =>
    Effect.gen(function*() {
      const { connection, server } = yield* connect({
        connection: { start: "lazy" },
        handshake: { greet: () => Effect.fail("not ready") }
      })
      const events = yield* collect(connection.events)
      const waiting = yield* beside(failureOf(connection.awaitOpen))
      yield* TestClock.adjust("1 minute")
      const error = yield* Fiber.join(waiting)
      assert(error.reason._tag === "GreetingFailed")
      assert.strictEqual(error.reason.cause, "not ready")
      assert.strictEqual((yield* server.dials).length, 6)
      assert.notInclude(tags(events), "Opened")
      assert.strictEqual(yield* server.openLinks, 0)
    }))

  it.effect("a ConnectionError of greet's is passed on as it is", () =>
    Effect.gen(function*() {
      const error = new ConnectionError({
        reason: new TryAgainLater({ code: 1013, closeReason: "in band", initiator: "peer" })
      })
      const { connection } = yield* connect({ handshake: { greet: () => Effect.fail(error) } })
      yield* settle
      const status = yield* connection.status
      assert.strictEqual(causeOf(status), error)
      assert(status._tag === "Waiting")
      assert.strictEqual(Duration.toSeconds(status.delay), 30)
    }))

  for (const outcome of ["waits for more", "fails", "succeeds"] as const) {
    it.effect(`the link ends while it ${outcome}: the link's own reason counts`, () =>
      Effect.gen(function*() {
        const { connection, server } = yield* connect({
          handshake: {
            greet: (session) =>
              Effect.gen(function*() {
                yield* session.send("hello")
                if (outcome === "waits for more") return yield* Effect.never
                const answer = yield* Effect.exit(session.receive)
                if (outcome === "fails") return yield* Effect.fail("no welcome")
                assert.strictEqual(answer._tag, "Failure")
              })
          }
        })
        const peer = yield* server.peer
        yield* settle
        yield* peer.close(4004, "unknown token")
        yield* settle
        const { reason } = causeOf(yield* connection.status)
        assert(reason._tag === "ApplicationClose")
        assert.deepStrictEqual([reason.code, reason.closeReason, reason.initiator], [4004, "unknown token", "peer"])
        assert.strictEqual((yield* server.dials).length, 1)
      }))
  }

  it.effect("session.end ends the attempt with its code, which the peer sees", () =>
    Effect.gen(function*() {
      const { connection, server } = yield* connect({
        handshake: { greet: (session) => session.end({ code: 4321, reason: "not my feed" }) }
      })
      const peer = yield* server.peer
      yield* settle
      assert.deepStrictEqual(yield* peer.closed, { code: 4321, reason: "not my feed" })
      const { reason } = causeOf(yield* connection.status)
      assert(reason._tag === "ApplicationClose")
      assert.deepStrictEqual([reason.code, reason.initiator], [4321, "self"])
    }))

  it.effect("receive is dead afterwards, send lives as long as the session", () =>
    Effect.gen(function*() {
      const held = yield* Deferred.make<GreetSession>()
      const { connection, server } = yield* connect({
        handshake: { greet: (session) => Deferred.succeed(held, session) }
      })
      const session = yield* Deferred.await(held)
      yield* connection.awaitOpen
      const { reason } = yield* failureOf(session.receive)
      assert(reason._tag === "InvalidRequest")
      assert.include(reason.problem, "receive")
      yield* session.send("still usable")
      const peer = yield* server.peer
      assert.strictEqual(yield* peer.receive, "still usable")
      yield* peer.drop
      yield* settle
      assert.strictEqual((yield* failureOf(session.send("too late"))).reason._tag, "SendFailed")
    }))

  it.effect("two fibers of greet's may receive at once: each message is taken once, in order of asking", () =>
    Effect.gen(function*() {
      const taken: Array<ReadonlyArray<unknown>> = []
      const { connection, server } = yield* connect({
        handshake: {
          greet: (session) =>
            Effect.gen(function*() {
              yield* session.send("hello")
              taken.push(
                yield* Effect.all([session.receive, session.receive, session.receive], { concurrency: "unbounded" })
              )
            })
        }
      })
      const peer = yield* answering(server, "one")
      yield* settle
      yield* peer.send("two")
      yield* peer.send("three")
      yield* settle
      assert.deepStrictEqual(taken, [["one", "two", "three"]])
      assert.strictEqual((yield* connection.status)._tag, "Open")
    }))

  it.effect("a receive that it left behind takes nothing from the connection, whenever a message comes", () =>
    Effect.gen(function*() {
      for (let turns = 0; turns < 20; turns++) {
        const { connection, server } = yield* connect({
          handshake: { greet: (session) => Effect.forkScoped(session.receive, { startImmediately: true }) }
        })
        const seen = yield* Effect.forkScoped(Effect.scoped(Effect.flatMap(connection.subscribe, (pull) => pull)))
        const peer = yield* server.peer
        yield* Effect.repeat(Effect.yieldNow, { times: turns })
        yield* peer.send("one")
        yield* settle
        assert.strictEqual((yield* connection.status)._tag, "Open")
        assert.deepStrictEqual(seen.pollUnsafe(), Exit.succeed(["one"]), `after ${turns} turns`)
      }
    }))

  it.effect("an interrupted receive loses nothing", () =>
    Effect.gen(function*() {
      const taken: Array<unknown> = []
      const { server } = yield* connect({
        handshake: {
          greet: (session) =>
            Effect.gen(function*() {
              yield* session.send("hello")
              taken.push((yield* Effect.timeoutOption(session.receive, "1 second"))._tag)
              taken.push(yield* session.receive)
            })
        }
      })
      const peer = yield* answering(server)
      yield* TestClock.adjust("2 seconds")
      yield* peer.send("one")
      yield* settle
      assert.deepStrictEqual(taken, ["None", "one"])
    }))
})
