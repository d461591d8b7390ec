import { assert, describe, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import { TestClock } from "effect/testing"
import type { ConnectionError } from "../src/ConnectionError.ts"
import * as Heartbeat from "../src/Heartbeat.ts"
import * as FakeLink from "./support/fakeLink.ts"

const start = Effect.fnUntraced(function*<E, R>(layer: Layer.Layer<Heartbeat.Heartbeat, E, R>) {
  const heartbeat = Context.get(yield* Layer.build(layer), Heartbeat.Heartbeat)
  const fake = yield* FakeLink.make
  const rtts: Array<number> = []
  const fiber = yield* heartbeat.guard(fake.state, {
    attempt: 1,
    onRtt: (rtt) => rtts.push(Duration.toMillis(rtt))
  }).pipe(
    Effect.provideService(Clock.Clock, fake.clock),
    Effect.forkScoped({ startImmediately: true })
  )
  return { heartbeat, fake, fiber, rtts }
})

const isWatching = (fiber: Fiber.Fiber<never, ConnectionError>) => fiber.pollUnsafe() === undefined

describe("Heartbeat.layer", () => {
  it.effect("pings after 25 seconds of silence and gives up 15 seconds later, by default", () =>
    Effect.gen(function*() {
      const { fake, fiber, heartbeat } = yield* start(Heartbeat.layer())
      assert.strictEqual(heartbeat.needsPing, true)
      yield* TestClock.adjust("25 seconds")
      assert.deepStrictEqual(fake.pings.map((ping) => ping.at), [25_000])
      yield* TestClock.adjust("14999 millis")
      assert(isWatching(fiber))
      yield* TestClock.adjust("1 milli")
      const error = yield* Effect.flip(Fiber.join(fiber))
      assert.strictEqual(error.reason._tag, "HeartbeatTimeout")
    }))

  it.effect("is one value for many sessions: the guard of a replaced session never acts on the next one", () =>
    Effect.gen(function*() {
      const heartbeat = yield* Heartbeat.make({ interval: "10 seconds", timeout: "5 seconds" })
      const [first, second] = [yield* FakeLink.make, yield* FakeLink.make]
      const dead = yield* Effect.forkScoped(heartbeat.guard(first.state), { startImmediately: true })
      yield* TestClock.adjust("12 seconds")
      yield* Fiber.interrupt(dead)
      second.answering = true
      const alive = yield* Effect.forkScoped(heartbeat.guard(second.state), { startImmediately: true })
      yield* TestClock.adjust("1 minute")
      assert(isWatching(alive))
      assert.strictEqual(first.terminations + second.terminations, 0)
      assert.strictEqual(first.pings.length, 1)
    }))
})

describe("an option that can never work", () => {
  const refused: ReadonlyArray<[option: string, layer: Layer.Layer<Heartbeat.Heartbeat, ConnectionError>]> = [
    ["heartbeat.interval", Heartbeat.layer({ interval: 0 })],
    ["heartbeat.interval", Heartbeat.layer({ interval: Duration.infinity })],
    ["heartbeat.timeout", Heartbeat.layer({ timeout: "-1 seconds" })],
    ["heartbeat.timeout", Heartbeat.layerMessage({ message: "beat", timeout: Number.NaN })],
    ["heartbeat.interval", Heartbeat.layerMessage({ message: "beat", interval: 0 })],
    // What a program without types may give.
    ["heartbeat", Heartbeat.layerMessage(undefined as never)],
    ["heartbeat.message", Heartbeat.layerMessage({} as never)],
    ["heartbeat.message", Heartbeat.layerMessage({ message: 5 as never })],
    ["heartbeat.isReply", Heartbeat.layerMessage({ message: "beat", isReply: "beat" as never })],
    ["heartbeat", Heartbeat.layerIdle(undefined as never)],
    ["heartbeat.within", Heartbeat.layerIdle({ within: 0 })],
    ["heartbeat.within", Heartbeat.all([Heartbeat.layer(), Heartbeat.layerIdle({ within: 0 })])]
  ]
  for (const [index, [option, layer]] of refused.entries()) {
    it.effect(`makes the layer fail with an InvalidRequest that names ${option} (${index + 1})`, () =>
      Effect.gen(function*() {
        const error = yield* Effect.flip(Layer.build(layer))
        assert(error.reason._tag === "InvalidRequest")
        assert.strictEqual(error.reason.option, option)
      }))
  }
})

describe("Heartbeat.layerMessage", () => {
  it.effect("sends the message in place of a ping, takes anything for life, and reports the reply's round trip", () =>
    Effect.gen(function*() {
      const { fake, fiber, heartbeat, rtts } = yield* start(Heartbeat.layerMessage({
        interval: "10 seconds",
        timeout: "5 seconds",
        message: "beat",
        isReply: (message) => message === "ack"
      }))
      assert.notStrictEqual(heartbeat.needsPing, true)
      yield* TestClock.adjust("10 seconds")
      assert.deepStrictEqual(fake.sent, [{ at: 10_000, message: "beat" }])
      yield* TestClock.adjust("80 millis")
      fake.message("ack")
      assert.deepStrictEqual(rtts, [80])
      yield* TestClock.adjust("14 seconds")
      fake.message("data")
      yield* TestClock.adjust("14 seconds")
      assert(isWatching(fiber))
      assert.strictEqual(fake.sent.length, 3)
      assert.deepStrictEqual(fake.pings, [])
      yield* TestClock.adjust("5 seconds")
      assert(!isWatching(fiber))
    }))

  it.effect("takes a function or an effect, whose needs become the layer's", () =>
    Effect.gen(function*() {
      class Sequence extends Context.Service<Sequence, { readonly next: Effect.Effect<number> }>()("test/Sequence") {}
      let n = 0
      const counted = yield* start(Heartbeat.layerMessage({ interval: "10 seconds", message: () => `${++n}` }))
      const served = yield* start(
        Heartbeat.layerMessage({
          interval: "10 seconds",
          message: Effect.flatMap(Sequence, (sequence) => Effect.map(sequence.next, (n) => new Uint8Array([n])))
        }).pipe(Layer.provide(Layer.succeed(Sequence, { next: Effect.succeed(7) })))
      )
      yield* TestClock.adjust("10 seconds")
      assert.deepStrictEqual(counted.fake.sent.map((sent) => sent.message), ["1"])
      assert.deepStrictEqual(served.fake.sent.map((sent) => sent.message), [new Uint8Array([7])])
    }))

  it.effect("dies with the defect of a message that could not be made", () =>
    Effect.gen(function*() {
      const boom = new Error("boom")
      const { fiber } = yield* start(Heartbeat.layerMessage({
        message: () => {
          throw boom
        }
      }))
      yield* TestClock.adjust("25 seconds")
      assert.strictEqual(yield* Effect.catchDefect(Fiber.join(fiber), Effect.succeed), boom)
    }))

  it.effect("does not wait for ever for an effect that hangs", () =>
    Effect.gen(function*() {
      const { fiber } = yield* start(Heartbeat.layerMessage({ message: Effect.never }))
      yield* TestClock.adjust("40 seconds")
      assert(!isWatching(fiber))
    }))
})

describe("Heartbeat.layerIdle", () => {
  it.effect("sees that a feed is dead although pongs keep coming", () =>
    Effect.gen(function*() {
      const { fake, fiber, heartbeat } = yield* start(
        Heartbeat.all([Heartbeat.layer({ interval: "10 seconds" }), Heartbeat.layerIdle({ within: "2 minutes" })])
      )
      fake.answering = true
      assert.strictEqual(heartbeat.needsPing, true)
      yield* TestClock.adjust("119 seconds")
      assert(isWatching(fiber))
      assert.strictEqual(fake.pings.length, 11)
      yield* TestClock.adjust("1 second")
      const error = yield* Effect.flip(Fiber.join(fiber))
      assert(error.reason._tag === "HeartbeatTimeout")
      assert.strictEqual(Duration.toMinutes(error.reason.interval), 2)
      assert.strictEqual(fake.sleeping, 0)
    }))
})

describe("Heartbeat.all", () => {
  it.effect("needs pings only where one of its parts does", () =>
    Effect.gen(function*() {
      const { heartbeat } = yield* start(
        Heartbeat.all([Heartbeat.layerMessage({ message: "beat" }), Heartbeat.layerIdle({ within: "1 minute" })])
      )
      assert.strictEqual(heartbeat.needsPing, false)
    }))

  it("takes heartbeats only, and has their errors and needs", () => {
    class Token extends Context.Service<Token, string>()("test/Token") {}
    const layer: Layer.Layer<Heartbeat.Heartbeat, ConnectionError, Token> = Heartbeat.all([
      Heartbeat.layerNone,
      Heartbeat.layerMessage({ message: Effect.map(Token, (token) => token) }),
      Heartbeat.layerIdle({ within: "1 minute" })
    ])
    assert(Layer.isLayer(layer))
    // @ts-expect-error a layer of something else
    Heartbeat.all([Layer.succeed(Token, "")])
  })

  it.effect("of nothing is no heartbeat", () =>
    Effect.gen(function*() {
      const { fiber } = yield* start(Heartbeat.all([]))
      yield* TestClock.adjust("1 day")
      assert(isWatching(fiber))
    }))
})

describe("Heartbeat.layerNone", () => {
  it.effect("never judges", () =>
    Effect.gen(function*() {
      const { fake, fiber } = yield* start(Heartbeat.layerNone)
      yield* TestClock.adjust("1 day")
      assert(isWatching(fiber))
      assert.strictEqual(fake.sleeps, 0)
    }))
})
