// The figures of the real gateway, in virtual time.
import { assert, describe, it } from "@effect/vitest"
import { Clock, Effect, Layer, Random, Redacted } from "effect"
import { TestClock } from "effect/testing"
import { TestTransport } from "holdfast/testing"
import { Gateway } from "../../examples/discord/gateway.ts"

const interval = 41_250
const draw = 0.4

const always = Layer.succeed(Random.Random, { nextDoubleUnsafe: () => draw, nextIntUnsafe: () => 1 })

const onNetwork = (network: TestTransport.TestTransport) =>
  Gateway.layer({ url: "wss://gateway.test", token: Redacted.make("token") }).pipe(
    Layer.provide([network.layer, always])
  )

const ready = (peer: TestTransport.TestPeer) =>
  peer.send(JSON.stringify({
    op: 0,
    s: 1,
    t: "READY",
    d: { session_id: "abc", resume_gateway_url: "wss://resume.test" }
  }))

const next = (peer: TestTransport.TestPeer) =>
  Effect.map(peer.receive, (message) => JSON.parse(String(message)) as { readonly op: number; readonly d: unknown })

const hello = (peer: TestTransport.TestPeer) =>
  peer.send(JSON.stringify({ op: 10, d: { heartbeat_interval: interval } }))

/** Everything that can happen now has happened. */
const settled = Effect.repeat(Effect.yieldNow, { times: 50 })

describe("a gateway like Discord's", () => {
  it.effect("beats first after the interval times a random number, and resumes elsewhere when no answer comes", () =>
    Effect.gen(function*() {
      const network = yield* TestTransport.make
      yield* Effect.gen(function*() {
        yield* Gateway
        const peer = yield* network.server.peer
        yield* hello(peer)
        assert.deepInclude(yield* next(peer), { op: 2 })
        yield* ready(peer)

        yield* TestClock.adjust(interval * draw - 1)
        assert.lengthOf(yield* peer.received, 1)
        yield* TestClock.adjust(1)
        assert.deepStrictEqual(yield* next(peer), { op: 1, d: 1 })
        yield* peer.send(JSON.stringify({ op: 11 }))
        yield* TestClock.adjust(interval)
        assert.deepStrictEqual(yield* next(peer), { op: 1, d: 1 })

        yield* TestClock.adjust(interval)
        assert.deepStrictEqual(yield* peer.closed, { code: 4000, reason: "no heartbeat ack" })
        yield* TestClock.adjust("5 seconds")
        const other = yield* network.server.peer
        yield* hello(other)
        assert.deepStrictEqual(yield* next(other), { op: 6, d: { token: "token", session_id: "abc", seq: 1 } })
        const urls = (yield* network.server.dials).map(({ request }) => request.url)
        assert.deepStrictEqual(urls, [
          "wss://gateway.test/?v=10&encoding=json",
          "wss://resume.test/?v=10&encoding=json"
        ])
      }).pipe(Effect.provide(onNetwork(network)))
    }))

  it.effect("does not wait for a zombie to answer the Close frame", () =>
    Effect.gen(function*() {
      const network = yield* TestTransport.make
      yield* Effect.gen(function*() {
        yield* Gateway
        const peer = yield* network.server.peer
        yield* hello(peer)
        yield* next(peer)
        yield* ready(peer)
        yield* settled
        yield* peer.blackhole({ inbound: true, outbound: true })
        yield* TestClock.adjust(interval * draw + interval)
        yield* TestClock.adjust("2 seconds")
        const dials = yield* network.server.dials
        assert.lengthOf(dials, 2)
        // The delay is drawn from 0 to 5 seconds.
        assert.strictEqual(dials[1]!.at - dials[0]!.at, interval * draw + interval + 5000 * draw)
      }).pipe(Effect.provide(onNetwork(network)))
    }))

  it.effect("sends no more than 120 messages in 60 seconds, and is never late with a beat by more than 10", () =>
    Effect.gen(function*() {
      const network = yield* TestTransport.make
      yield* Effect.gen(function*() {
        const gateway = yield* Gateway
        const peer = yield* network.server.peer
        yield* hello(peer)
        yield* Effect.forkScoped(Effect.forEach(Array.from({ length: 300 }), () => gateway.setStatus("busy")))
        const times: Array<number> = []
        const beats: Array<number> = []
        for (let second = 0; second < 200; second++) {
          yield* settled
          const received = yield* peer.received
          const now = yield* Clock.currentTimeMillis
          for (const message of received.slice(times.length)) {
            const { op } = JSON.parse(String(message)) as { readonly op: number }
            times.push(now)
            if (op === 2) yield* ready(peer)
            if (op !== 1) continue
            beats.push(now)
            yield* peer.send(JSON.stringify({ op: 11 }))
          }
          yield* TestClock.adjust("1 second")
        }

        assert.isAbove(times.length, 300)
        for (const time of times) {
          assert.isAtMost(times.filter((other) => other >= time && other < time + 60_000).length, 120)
        }
        assert.lengthOf(beats, 4)
        for (const [n, beat] of beats.entries()) {
          assert.isAtMost(beat - (n === 0 ? interval * draw : beats[n - 1]! + interval), 11_000)
        }
      }).pipe(Effect.provide(onNetwork(network)))
    }))

  it.effect("sends nothing of the app before READY", () =>
    Effect.gen(function*() {
      const network = yield* TestTransport.make
      yield* Effect.gen(function*() {
        const gateway = yield* Gateway
        yield* Effect.forkScoped(gateway.setStatus("early"))
        const peer = yield* network.server.peer
        yield* hello(peer)
        assert.deepInclude(yield* next(peer), { op: 2 })
        yield* TestClock.adjust("10 seconds")
        assert.lengthOf(yield* peer.received, 1)
        yield* ready(peer)
        assert.deepInclude(yield* next(peer), { op: 3 })
      }).pipe(Effect.provide(onNetwork(network)))
    }))
})
