import { assert, describe, it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"
import { TestClock } from "effect/testing"
import type { ConnectionError } from "../src/ConnectionError.ts"
import * as Reconnect from "../src/Reconnect.ts"
import { beside, collect, connect, settle, tags } from "./support/connect.ts"

describe("getting in", () => {
  it.effect("the url effect fails on attempt 1 and works on 2: retried by policy, no unhandled rejection", () =>
    Effect.gen(function*() {
      let calls = 0
      const { connection, server } = yield* connect({
        connection: { start: "lazy" },
        handshake: {
          url: Effect.suspend(() =>
            ++calls === 1 ? Effect.fail("no token yet") : Effect.succeed("ws://server.test/feed")
          )
        }
      })
      const events = yield* collect(connection.events)
      yield* beside(connection.awaitOpen)
      yield* TestClock.adjust("1 second")
      assert.strictEqual((yield* connection.status)._tag, "Open")
      assert.deepStrictEqual(tags(events), ["Dialling", "AttemptFailed", "WaitScheduled", "Dialling", "Opened"])
      const failed = events[1]!
      assert(failed._tag === "AttemptFailed")
      assert(failed.error.reason._tag === "CredentialsFailed")
      assert.strictEqual(failed.error.reason.cause, "no token yet")
      assert.strictEqual(calls, 2)
      assert.strictEqual((yield* server.dials).length, 1)
    }))

  it.effect("a url, headers or greet effect that was interrupted, by whoever it shares its work with, failed an attempt", () =>
    Effect.gen(function*() {
      for (const part of ["url", "headers", "greet"] as const) {
        let calls = 0
        const once = (value: string | {}) =>
          Effect.suspend(() => ++calls === 1 ? Effect.interrupt : Effect.succeed(value))
        const { connection } = yield* connect({
          handshake: part === "url"
            ? { url: once("ws://server.test/feed") as Effect.Effect<string> }
            : part === "headers"
            ? { headers: once({}) as Effect.Effect<{}> }
            : { greet: () => Effect.asVoid(once("hello")) }
        })
        yield* settle
        const status = yield* connection.status
        assert(status._tag === "Waiting", part)
        assert.strictEqual(status.cause.reason._tag, part === "greet" ? "GreetingFailed" : "CredentialsFailed")
        assert.include(status.cause.message, "interrupted")
        yield* TestClock.adjust("1 second")
        assert.strictEqual((yield* connection.status)._tag, "Open")
      }
    }))

  it.effect("a 401 is seen as a 401 by the policy, not as a clean close", () =>
    Effect.gen(function*() {
      const judged: Array<ConnectionError> = []
      const { connection } = yield* connect({
        reconnect: Reconnect.layer({
          schedule: Schedule.spaced("1 second"),
          classify: (error) => {
            judged.push(error)
            return Reconnect.classify(error)
          }
        }),
        server: (server) => server.next.reject(401, { body: "expired" })
      })
      yield* settle
      assert.strictEqual(judged.length, 1)
      const [error] = judged
      assert(error !== undefined && error.reason._tag === "HandshakeRejected")
      assert.strictEqual(error.reason.status, 401)
      assert.strictEqual(error.reason.body, "expired")
      assert.strictEqual(error.attempt, 1)
      assert.strictEqual((yield* connection.status)._tag, "Open")
    }))

  it.effect("connection refused on the very first dial is retried like any other", () =>
    Effect.gen(function*() {
      const { connection, server } = yield* connect({ server: (server) => server.refuse("ECONNREFUSED") })
      yield* TestClock.adjust("3 seconds")
      const waiting = yield* connection.status
      assert(waiting._tag === "Waiting")
      assert.strictEqual(waiting.attempt, 5)
      assert.deepStrictEqual(Duration.toSeconds(waiting.delay), 1)
      assert(waiting.cause.reason._tag === "ConnectFailed")
      assert.strictEqual(waiting.cause.reason.code, "ECONNREFUSED")
      assert.deepStrictEqual((yield* server.dials).map((dial) => dial.at), [0, 1000, 2000, 3000])
      assert.deepStrictEqual((yield* server.dials).map((dial) => dial.request.attempt), [1, 2, 3, 4])
    }))

  const hour = 3_600_000
  const retryAfters: ReadonlyArray<[name: string, value: string, at: number]> = [
    ["in seconds", "2", 2000],
    ["as an HTTP date", "Thu, 01 Jan 1970 00:00:02 GMT", 2000],
    ["in the past", "Wed, 31 Dec 1969 00:00:00 GMT", 1000],
    ["as garbage", "soon", 1000],
    ["ten years ahead", "Thu, 03 Jan 1980 00:00:00 GMT", hour],
    ["in ten years of seconds", "315360000", hour]
  ]
  for (const [name, value, at] of retryAfters) {
    it.effect(`after a 429 with Retry-After ${name}, the next dial is never earlier and never absurd`, () =>
      Effect.gen(function*() {
        const { connection, server } = yield* connect({
          connection: { start: "lazy" },
          server: (server) => server.next.reject(429, { headers: { "retry-after": value } })
        })
        const events = yield* collect(connection.events)
        yield* beside(connection.awaitOpen)
        yield* TestClock.adjust(at - 1)
        assert.strictEqual((yield* server.dials).length, 1)
        yield* TestClock.adjust(1)
        assert.deepStrictEqual((yield* server.dials).map((dial) => dial.at), [0, at])
        const scheduled = events.find((event) => event._tag === "WaitScheduled")
        assert(scheduled !== undefined && scheduled._tag === "WaitScheduled")
        assert.strictEqual(Duration.toMillis(scheduled.delay), at)
        assert.strictEqual(Duration.toMillis(scheduled.floor), at === 1000 ? 0 : at)
      }))
  }

  it.effect("TCP accepts, then silence: one deadline, the descriptor freed, and the next dial by policy", () =>
    Effect.gen(function*() {
      const { connection, server } = yield* connect({ server: (server) => server.next.stall })
      yield* TestClock.adjust("9999 millis")
      assert.strictEqual((yield* connection.status)._tag, "Connecting")
      assert.strictEqual(yield* server.openLinks, 1)
      yield* TestClock.adjust("1 milli")
      const status = yield* connection.status
      assert(status._tag === "Waiting" && status.cause.reason._tag === "HandshakeTimeout")
      assert.strictEqual(status.cause.reason.phase, "response")
      assert.deepStrictEqual(status.cause.reason.timeout, Option.some(Duration.seconds(10)))
      assert.strictEqual(yield* server.openLinks, 0)
      yield* TestClock.adjust("1 second")
      assert.strictEqual((yield* connection.status)._tag, "Open")
    }))

  for (const check of ["http", "upgrade", "connection", "accept", "extensions", "subprotocol"]) {
    it.effect(`the handshake check "${check}" violated on its own: the typed error, nothing left open`, () =>
      Effect.gen(function*() {
        const { connection, server } = yield* connect({ server: (server) => server.invalid(check) })
        yield* TestClock.adjust("1 minute")
        assert.strictEqual(yield* server.openLinks, 0)
        // Five retries after the first dial.
        assert.strictEqual((yield* server.dials).length, 6)
        const status = yield* connection.status
        assert(status._tag === "Closed" && Option.isSome(status.cause))
        const { reason } = status.cause.value
        assert(reason._tag === "HandshakeInvalid")
        assert.strictEqual(reason.check, check)
        assert.deepStrictEqual([status.attempts, status.dials], [6, 6])
      }))
  }

  it.effect("headers gives a fresh token at each attempt; a 401 leads to exactly one immediate refresh, then stop", () =>
    Effect.gen(function*() {
      const previous: Array<string> = []
      const { connection, server } = yield* connect({
        handshake: {
          headers: (context) =>
            Effect.sync(() => {
              previous.push(Option.match(context.previous, { onNone: () => "none", onSome: (e) => e.reason._tag }))
              return { authorization: `token ${context.attempt}` }
            })
        },
        server: (server) => server.reject(401)
      })
      const end = yield* Effect.flip(connection.await)
      assert(end.reason._tag === "HandshakeRejected" && end.reason.status === 401)
      const dials = yield* server.dials
      assert.deepStrictEqual(dials.map((dial) => dial.at), [0, 0])
      assert.deepStrictEqual(dials.map((dial) => dial.request.headers["authorization"]), ["token 1", "token 2"])
      assert.deepStrictEqual(previous, ["none", "HandshakeRejected"])
    }))

  for (const option of ["url", "headers", "subprotocols"] as const) {
    it.effect(`a ${option} effect that hangs runs into the deadline, phase credentials`, () =>
      Effect.gen(function*() {
        let interrupted = false
        const hanging = Effect.onInterrupt(Effect.never, () => Effect.sync(() => void (interrupted = true)))
        const { connection, server } = yield* connect({ handshake: { [option]: hanging, timeout: "3 seconds" } })
        yield* TestClock.adjust("3 seconds")
        const status = yield* connection.status
        assert(status._tag === "Waiting" && status.cause.reason._tag === "HandshakeTimeout")
        assert.strictEqual(status.cause.reason.phase, "credentials")
        assert(interrupted)
        assert.strictEqual((yield* server.dials).length, 0)
      }))
  }

  it.effect("a clock that was set before a dial had come to its end makes no timeout of it", () =>
    Effect.gen(function*() {
      const reasons: Array<string> = []
      const classify = (error: ConnectionError) => {
        reasons.push(error.reason._tag)
        return Reconnect.classify(error)
      }
      yield* connect({
        reconnect: Reconnect.layer({ schedule: Schedule.recurs(3), classify }),
        server: (server) => server.refuse("ECONNREFUSED")
      })
      yield* TestClock.adjust("1 minute")
      assert.deepStrictEqual(reasons, ["ConnectFailed", "ConnectFailed", "ConnectFailed", "ConnectFailed"])

      const greet = () => Effect.forEach([1, 2, 3, 4], () => Effect.yieldNow)
      const greeted = yield* connect({ handshake: { greet } })
      yield* TestClock.adjust("1 minute")
      assert.strictEqual((yield* greeted.connection.awaitOpen).id, 1)
      assert.strictEqual((yield* greeted.server.dials).length, 1)
    }))

  it.effect("what failed before the first session is told: attempts, delays and the downtime since the first dial", () =>
    Effect.gen(function*() {
      const { connection } = yield* connect({
        connection: { start: "lazy" },
        server: (server) => Effect.andThen(server.next.refuse("ECONNREFUSED"), server.next.refuse("ETIMEDOUT"))
      })
      const events = yield* collect(connection.events)
      yield* TestClock.adjust("1 minute")
      assert.deepStrictEqual(events, [])
      yield* beside(connection.awaitOpen)
      yield* TestClock.adjust("2 seconds")
      const round = ["Dialling", "AttemptFailed", "WaitScheduled"]
      assert.deepStrictEqual(tags(events), [...round, ...round, "Dialling", "Opened"])
      assert.deepStrictEqual(
        events.flatMap((event) =>
          event._tag === "WaitScheduled" ? [event.attempt, Duration.toMillis(event.delay)] : []
        ),
        [2, 1000, 3, 1000]
      )
      assert.deepStrictEqual(
        events.flatMap((event) => event._tag === "Dialling" ? [event.attempt, event.endpoint] : []),
        [1, "ws://server.test/feed", 2, "ws://server.test/feed", 3, "ws://server.test/feed"]
      )
      const opened = events.at(-1)!
      assert(opened._tag === "Opened" && Option.isSome(opened.previous))
      assert.deepStrictEqual([opened.session, opened.attempt], [1, 3])
      assert.strictEqual(Duration.toMillis(opened.downtime), 2000)
      assert(opened.previous.value.reason._tag === "ConnectFailed")
      assert.strictEqual(opened.previous.value.reason.code, "ETIMEDOUT")
    }))
})
