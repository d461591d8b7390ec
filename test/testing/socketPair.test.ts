import { assert, describe, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Headers from "effect/http/Headers"
import { TestClock } from "effect/testing"
import { makeSocketPair } from "../../src/testing/socketPair.ts"
import type { Capabilities } from "../../src/Transport.ts"

const everything: Capabilities = { ping: true, pause: true, headers: true, response: true, closeCodes: "any" }

const setup = Effect.fnUntraced(function*(capabilities: Capabilities = everything) {
  const freed = { times: 0 }
  const pair = yield* makeSocketPair({
    request: {
      url: "ws://test/",
      headers: Headers.empty,
      subprotocols: [],
      extensions: [],
      attempt: 1,
      endpoint: "ws://test/"
    },
    subprotocol: undefined,
    response: undefined,
    capabilities,
    clock: yield* Clock.clockWith(Effect.succeed),
    onFree: () => freed.times++
  })
  const carriers = yield* Effect.forEach(pair.carriers, (carrier) => Effect.forkChild(carrier))
  return { ...pair, carried: Effect.forEach(carriers, Fiber.join, { discard: true }), freed }
})

const settle = TestClock.adjust(0)

describe("a pair of sockets", () => {
  it.effect("ends its carriers once both sides have closed", () =>
    Effect.gen(function*() {
      for (const closeFirst of ["client", "peer"]) {
        const { carried, freed, link, peer } = yield* setup()
        yield* closeFirst === "client" ? link.close(1000, "") : peer.close(1000)
        yield* carried
        assert.strictEqual(freed.times, 1)
        yield* link.released
      }
    }))

  it.effect("ends its carriers when the client lets go and when the peer cuts, even of a peer that does not read", () =>
    Effect.gen(function*() {
      for (const how of ["terminate", "drop", "terminate unread"]) {
        const { carried, freed, link, peer } = yield* setup()
        if (how === "terminate unread") yield* peer.pauseReading
        yield* how === "drop" ? peer.drop : link.terminate
        yield* carried
        assert.strictEqual(freed.times, 1)
        assert.deepStrictEqual(yield* peer.closed, { code: 1006, reason: "" })
      }
    }))

  it.effect("delivers what was on its way when the client let go, and nothing to the client", () =>
    Effect.gen(function*() {
      const { carried, link, peer } = yield* setup()
      yield* peer.latency("1 second")
      yield* peer.send("for nobody")
      link.offer("on its way")
      yield* link.close(4000, "bye")
      yield* link.terminate
      yield* TestClock.adjust("999 millis")
      assert.deepStrictEqual(yield* peer.received, [])
      yield* TestClock.adjust("1 millis")
      assert.deepStrictEqual(yield* peer.received, ["on its way"])
      assert.deepStrictEqual(yield* peer.closed, { code: 4000, reason: "bye" })
      yield* carried
      link.receive({ onMessage: (message) => assert.fail(String(message)), onEnd: () => {} })
    }))

  it.effect("lets each way take the latency", () =>
    Effect.gen(function*() {
      const { link, peer } = yield* setup()
      const pongs: Array<number> = []
      const clock = yield* Clock.clockWith(Effect.succeed)
      yield* link.onPong(() => pongs.push(clock.currentTimeMillisUnsafe()))
      yield* peer.latency("40 millis")
      yield* link.ping(new Uint8Array())
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(pongs, [80])
    }))

  it.effect("counts the bytes that wait for a peer that does not read, and a ping among them", () =>
    Effect.gen(function*() {
      const { link, peer } = yield* setup()
      link.offer("has left")
      assert.strictEqual(link.buffered(), 0)
      yield* peer.pauseReading
      link.offer("ä")
      link.offer(new Uint8Array(1000))
      const ping = yield* Effect.forkChild(link.ping(new Uint8Array(8)), { startImmediately: true })
      assert.strictEqual(link.buffered(), 1010)
      yield* settle
      assert.isUndefined(ping.pollUnsafe())
      // What had left already was not read either.
      assert.deepStrictEqual(yield* peer.received, [])
      yield* peer.resumeReading
      yield* Fiber.join(ping)
      assert.strictEqual(link.buffered(), 0)
      yield* settle
      assert.deepStrictEqual(yield* peer.received, ["has left", "ä", new Uint8Array(1000)])
    }))

  it.effect("keeps the bytes of each side apart", () =>
    Effect.gen(function*() {
      const { link, peer } = yield* setup()
      const sent = new Uint8Array([1, 2, 3])
      link.offer(sent)
      sent[0] = 9
      assert.deepStrictEqual(yield* peer.receive, new Uint8Array([1, 2, 3]))
      yield* peer.send(sent)
      sent[0] = 8
      assert.deepStrictEqual(yield* link.pull, [new Uint8Array([9, 2, 3])])
    }))

  it.effect("loses what falls into a black hole, each way on its own", () =>
    Effect.gen(function*() {
      const { link, peer } = yield* setup()
      yield* peer.blackhole({ inbound: true })
      yield* peer.send("lost")
      link.offer("arrives")
      yield* settle
      yield* peer.blackhole({ inbound: false, outbound: true })
      yield* peer.send("comes through")
      link.offer("lost")
      yield* settle
      assert.deepStrictEqual(yield* link.pull, ["comes through"])
      assert.deepStrictEqual(yield* peer.received, ["arrives"])
    }))

  it.effect("hides the end of the connection in a black hole, except from the test", () =>
    Effect.gen(function*() {
      const one = yield* setup()
      yield* one.peer.blackhole({ inbound: true })
      yield* one.peer.drop
      yield* settle
      assert.isTrue(one.link.writable())
      yield* one.link.terminate
      yield* one.carried
      const two = yield* setup()
      yield* two.peer.blackhole({ outbound: true })
      yield* two.link.close(1000, "never seen")
      yield* two.link.terminate
      assert.deepStrictEqual(yield* two.peer.closed, { code: 1006, reason: "" })
      yield* two.carried
    }))

  it.effect("answers nothing, be it ping or Close, while the peer does not read", () =>
    Effect.gen(function*() {
      const { link, peer } = yield* setup()
      yield* peer.pauseReading
      yield* link.close(1000, "")
      yield* TestClock.adjust("1 hour")
      assert.isUndefined(link.failure())
      yield* peer.resumeReading
      assert.include((yield* Effect.flip(link.ended)).reason, { _tag: "NormalClosure", initiator: "self" })
    }))

  it.effect("sends nothing more after the peer's Close or cut", () =>
    Effect.gen(function*() {
      const { link, peer } = yield* setup()
      yield* peer.close(1001)
      yield* peer.send("too late")
      yield* peer.close(1000)
      const nothing = yield* Effect.flip(link.pull)
      assert.strictEqual<unknown>(nothing, link.failure())
      assert.strictEqual(link.failure()!.reason._tag, "GoingAway")
      yield* peer.drop
      yield* peer.ping
    }))

  it.effect("names the system's word for a cut", () =>
    Effect.gen(function*() {
      const { link, peer } = yield* setup()
      yield* peer.drop
      const { reason } = yield* Effect.flip(link.ended)
      assert(reason._tag === "AbnormalClosure")
      assert.include(reason.cause as object, { code: "ECONNRESET" })
    }))

  it.effect("answers pings that a browser would not show, and shows no life sign", () =>
    Effect.gen(function*() {
      const { link, peer } = yield* setup({ ...everything, ping: false })
      yield* TestClock.adjust("1 second")
      yield* peer.ping
      yield* settle
      assert.strictEqual((yield* peer.pongs).length, 1)
      assert.strictEqual(link.lastInbound(), 0n)
    }))
})
