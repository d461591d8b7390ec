import { assert, describe, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { TestClock } from "effect/testing"
import { Wire } from "../../src/testing/wire.ts"

const setup = Effect.gen(function*() {
  const clock = yield* Clock.clockWith(Effect.succeed)
  const wire = new Wire<string>(clock)
  const log: Array<string> = []
  const now = () => clock.currentTimeMillisUnsafe()
  const deliver = { also: (_item: string) => {} }
  const fiber = yield* Effect.forkChild(
    wire.carry(
      (item) => {
        log.push(`${item} at ${now()}`)
        deliver.also(item)
      },
      () => log.push("chunk")
    )
  )
  return { wire, log, fiber, deliver }
})

describe("Wire", () => {
  it.effect("delivers later, but without time passing, all that came together as one chunk", () =>
    Effect.gen(function*() {
      const { log, wire } = yield* setup
      wire.push("a")
      wire.push("b")
      assert.deepStrictEqual(log, [])
      yield* TestClock.adjust(0)
      assert.deepStrictEqual(log, ["a at 0", "b at 0", "chunk"])
    }))

  it.effect("goes by monotonic time: a wall clock that is set back holds nothing up", () =>
    Effect.gen(function*() {
      const { log, wire } = yield* setup
      yield* TestClock.adjust("1 hour")
      wire.push("before")
      yield* TestClock.adjust(0)
      yield* TestClock.setTime(0)
      wire.push("after")
      yield* TestClock.adjust(0)
      assert.deepStrictEqual(log, ["before at 3600000", "chunk", "after at 0", "chunk"])
    }))

  it.effect("delivers at moments that no number of milliseconds is exactly, instead of sleeping for nothing for ever", () =>
    Effect.gen(function*() {
      const { log, wire } = yield* setup
      // From time to time a moment and its distance are rounded apart: here for several of them.
      for (let i = 1; i <= 200; i++) {
        yield* TestClock.adjust(Duration.nanos(BigInt(i) * 193_953n))
        wire.setDelay(Duration.nanos(BigInt(i) * 7_919_331n))
        wire.push(String(i))
      }
      yield* TestClock.adjust("10 seconds")
      assert.strictEqual(log.filter((entry) => entry !== "chunk").length, 200)
    }))

  it.effect("a delay without end never ends, and a stop ends it", () =>
    Effect.gen(function*() {
      const { fiber, log, wire } = yield* setup
      wire.setDelay(Duration.infinity)
      wire.push("never")
      yield* TestClock.adjust("365 days")
      assert.deepStrictEqual(log, [])
      wire.stop()
      yield* TestClock.adjust(0)
      assert.isDefined(fiber.pollUnsafe())
    }))

  it.effect("delays by what holds when an item is sent, and keeps the order when the delay shrinks", () =>
    Effect.gen(function*() {
      const { log, wire } = yield* setup
      wire.setDelay(Duration.millis(100))
      wire.push("slow")
      wire.setDelay(Duration.millis(10))
      wire.push("not faster")
      yield* TestClock.adjust(50)
      wire.push("in flight at once")
      wire.setDelay(Duration.millis(200))
      wire.push("slower")
      yield* TestClock.adjust(1000)
      assert.deepStrictEqual(log, [
        "slow at 100",
        "not faster at 100",
        "in flight at once at 100",
        "chunk",
        "slower at 250",
        "chunk"
      ])
    }))

  it.effect("delivers nothing while held, not even the rest of a chunk", () =>
    Effect.gen(function*() {
      const { deliver, log, wire } = yield* setup
      deliver.also = () => wire.hold()
      wire.push("a")
      wire.push("b")
      yield* TestClock.adjust(1000)
      assert.deepStrictEqual(log, ["a at 0", "chunk"])
      wire.release()
      yield* TestClock.adjust(0)
      assert.deepStrictEqual(log.slice(2), ["b at 1000", "chunk"])
    }))

  it.effect("delivers a long burst in order", () =>
    Effect.gen(function*() {
      const { deliver, wire } = yield* setup
      const seen: Array<string> = []
      deliver.also = (item) => seen.push(item)
      const items = Array.from({ length: 50_000 }, (_, index) => String(index))
      for (const item of items) wire.push(item)
      yield* TestClock.adjust(0)
      assert.isTrue(seen.length === items.length && seen.every((item, index) => item === items[index]))
    }))

  it.effect("ends its carrier when stopped, in the middle of a chunk, of a delay or of a wait", () =>
    Effect.gen(function*() {
      const inChunk = yield* setup
      inChunk.deliver.also = () => inChunk.wire.stop()
      inChunk.wire.push("a")
      inChunk.wire.push("lost")
      yield* Fiber.join(inChunk.fiber)
      assert.deepStrictEqual(inChunk.log, ["a at 0", "chunk"])

      const inDelay = yield* setup
      inDelay.wire.setDelay(Duration.millis(1000))
      inDelay.wire.push("lost")
      yield* Effect.yieldNow
      inDelay.wire.stop()
      yield* Fiber.join(inDelay.fiber)
      inDelay.wire.push("lost too")
      assert.deepStrictEqual(inDelay.log, [])

      const waiting = yield* setup
      yield* Effect.yieldNow
      waiting.wire.stop()
      yield* Fiber.join(waiting.fiber)
    }))
})
