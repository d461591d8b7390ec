import { assert, describe, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Headers from "effect/http/Headers"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"
import { TestClock } from "effect/testing"
import type { HandshakeRequest } from "../../src/Handshake.ts"
import { verifyWith } from "../../src/internal/verify.ts"
import * as TestTransport from "../../src/testing/TestTransport.ts"
import { Transport } from "../../src/Transport.ts"
import { liveFibers } from "../setup/live-fibers.ts"
import { transportSuite } from "../suites/transport.ts"

const everything = { ping: true, pause: true, headers: true, response: true, closeCodes: "any" } as const
const browser = { ping: false, pause: false, headers: false, response: false, closeCodes: "1000,3000-4999" } as const

transportSuite({
  name: "TestTransport under virtual time",
  capabilities: everything,
  it: "virtual",
  make: Effect.map(TestTransport.make, (made) => ({ ...made, url: "ws://test/" }))
})

transportSuite({
  name: "TestTransport under real time",
  capabilities: everything,
  it: "live",
  make: Effect.map(TestTransport.make, (made) => ({ ...made, url: "ws://test/" }))
})

transportSuite({
  name: "TestTransport as a browser",
  capabilities: browser,
  it: "virtual",
  make: Effect.map(TestTransport.makeWith({ capabilities: browser }), (made) => ({ ...made, url: "ws://test/" }))
})

const request: HandshakeRequest = {
  url: "ws://test/feed?secret",
  headers: Headers.empty,
  subprotocols: [],
  extensions: [],
  attempt: 1,
  endpoint: "ws://test/feed"
}

const connect = Effect.fnUntraced(function*(options: TestTransport.Options = {}) {
  const { layer, server } = yield* TestTransport.makeWith(options)
  const transport = Context.get(yield* Layer.build(layer), Transport)
  return { server, transport, dial: transport.dial(request, verifyWith({ requireSubprotocol: true })) }
})

describe("TestTransport", () => {
  it.effect("connects without time passing", () =>
    Effect.gen(function*() {
      const { dial, server } = yield* connect()
      yield* dial
      yield* server.peer
      assert.strictEqual(yield* Clock.currentTimeMillis, 0)
    }))

  it.effect("finishes an outage of twenty attempts in one adjust", () =>
    Effect.gen(function*() {
      const { dial, server } = yield* connect()
      yield* server.refuse("ECONNREFUSED")
      const fiber = yield* Effect.forkChild(
        Effect.retry(Effect.scoped(Effect.andThen(dial, Effect.never)), {
          schedule: Schedule.min([Schedule.exponential("1 second"), Schedule.spaced("30 seconds")])
        })
      )
      yield* TestClock.adjust("8 minutes")
      const dials = yield* server.dials
      assert.isAtLeast(dials.length, 20)
      assert.deepStrictEqual(
        dials.slice(0, 8).map(({ at }) => at),
        [0, 1000, 3000, 7000, 15_000, 31_000, 61_000, 91_000]
      )
      yield* Fiber.interrupt(fiber)
      assert.strictEqual(yield* server.openLinks, 0)
    }))

  it.effect("plays an hour of traffic with latency in one adjust", () =>
    Effect.gen(function*() {
      const { dial, server } = yield* connect()
      const link = yield* dial
      const peer = yield* server.peer
      yield* peer.latency("50 millis")
      // The server echoes; the client sends the next number when it got the last.
      yield* Effect.forkScoped(Effect.forever(Effect.flatMap(peer.receive, (message) => peer.send(message))))
      const trips = yield* Effect.forkScoped(Effect.gen(function*() {
        for (let trip = 1; trip <= 1000; trip++) {
          link.offer(String(trip))
          assert.deepStrictEqual(yield* link.pull, [String(trip)])
          yield* Effect.sleep("3500 millis")
        }
        return yield* Clock.currentTimeMillis
      }))
      yield* TestClock.adjust("1 hour")
      assert.strictEqual(yield* Fiber.join(trips), 1000 * 3600)
    }))

  it.effect("answers by what was queued first, then as before", () =>
    Effect.gen(function*() {
      const { dial, server } = yield* connect()
      yield* server.reject(500)
      yield* server.next.refuse("ECONNREFUSED")
      yield* server.next.accept()
      const tags = yield* Effect.forEach([1, 2, 3, 4], () =>
        Effect.scoped(Effect.match(dial, { onFailure: (error) => error.reason._tag, onSuccess: () => "open" })))
      assert.deepStrictEqual(tags, ["ConnectFailed", "open", "HandshakeRejected", "HandshakeRejected"])
      yield* server.accept()
      yield* dial
    }))

  it.effect("writes down every dial with its time", () =>
    Effect.gen(function*() {
      const { dial, server } = yield* connect()
      yield* server.next.refuse("ENOTFOUND")
      yield* Effect.flip(dial)
      yield* TestClock.adjust("5 seconds")
      yield* dial
      assert.deepStrictEqual(yield* server.dials, [{ at: 0, request }, { at: 5000, request }])
    }))

  it.effect("hands out peers in the order of acceptance, also to who waited first", () =>
    Effect.gen(function*() {
      const { dial, server } = yield* connect()
      const early = yield* Effect.forkChild(server.peer, { startImmediately: true })
      const one = yield* dial
      const two = yield* dial
      yield* (yield* Fiber.join(early)).send("one")
      yield* (yield* server.peer).send("two")
      assert.deepStrictEqual(yield* one.pull, ["one"])
      assert.deepStrictEqual(yield* two.pull, ["two"])
    }))

  it.effect("keeps a deadline of the caller's", () =>
    Effect.gen(function*() {
      const { dial, server } = yield* connect()
      yield* server.stall
      const fiber = yield* Effect.forkChild(Effect.flip(Effect.timeout(dial, "10 seconds")))
      yield* TestClock.adjust("10 seconds")
      assert.strictEqual((yield* Fiber.join(fiber))._tag, "TimeoutError")
      assert.strictEqual(yield* server.openLinks, 0)
    }))

  it.effect("has a date for Retry-After", () =>
    Effect.gen(function*() {
      yield* TestClock.setTime(Date.UTC(2026, 0, 1))
      const { dial, server } = yield* connect()
      yield* server.reject(429, { headers: { "retry-after": "Thu, 01 Jan 2026 00:01:00 GMT" } })
      assert.deepStrictEqual((yield* Effect.flip(dial)).retryAfter, Option.some(Duration.minutes(1)))
    }))

  it.effect("leaves no fiber after ten thousand sessions", () =>
    Effect.gen(function*() {
      const { dial, server } = yield* connect()
      for (let i = 0; i < 10_000; i++) {
        yield* Effect.scoped(Effect.gen(function*() {
          const link = yield* dial
          const peer = yield* server.peer
          yield* peer.close(1001)
          yield* Effect.ignore(link.ended)
        }))
      }
      assert.strictEqual(yield* server.openLinks, 0)
      yield* TestClock.adjust(0)
      assert.isBelow(liveFibers(), 100)
    }))

  it.effect("has the capabilities it is given", () =>
    Effect.gen(function*() {
      const { transport } = yield* connect({ capabilities: { ping: false } })
      assert.deepStrictEqual(transport.capabilities, { ...everything, ping: false })
    }))
})
