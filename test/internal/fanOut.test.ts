import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { FanOut } from "../../src/internal/fanOut.ts"
import type { Journal } from "../../src/internal/journal.ts"
import { Subscription, type SubscriptionOptions } from "../../src/internal/subscription.ts"
import { beside, collect, settle } from "../support/connect.ts"
import { makeJournal } from "../support/journal.ts"

/** A fan-out with a mark of 50 bytes, whose bursts the test ends. */
const make = Effect.fnUntraced(function*() {
  const journal: Journal = yield* makeJournal({ name: "fan-out", onTick: () => {} })
  const counted = { room: 0 }
  const fanOut = new FanOut(50, journal, { onRoom: () => counted.room++ })
  const subscribe = (options: SubscriptionOptions): Subscription => {
    const subscription = new Subscription(options)
    fanOut.add(subscription)
    return subscription
  }
  const burst = (...messages: ReadonlyArray<string>): void => {
    for (const message of messages) fanOut.push(message, message.length)
    fanOut.distribute()
  }
  const events = yield* collect(journal.events)
  const dropped = () =>
    events.flatMap((event) => event._tag === "Dropped" ? [`${event.reason} ${event.messages}/${event.bytes}`] : [])
  return {
    burst,
    counted,
    dropped,
    fanOut,
    subscribe,
    waiting: () => (fanOut as unknown as { waiting: number }).waiting
  }
})

const active = { parked: false }
const parked = { parked: true, ofSession: true }

const ten = (n: number): string => String(n).padStart(10, "0")

describe("a burst", () => {
  it.effect("is one array, handed as it is to everybody who waits, after the burst", () =>
    Effect.gen(function*() {
      const { fanOut, subscribe } = yield* make()
      const [one, two] = [subscribe(active), subscribe(active)]
      const taking = yield* beside(Effect.all([fanOut.take(one), fanOut.take(two)], { concurrency: 2 }))
      for (const message of ["a", "b", "c"]) fanOut.push(message, 1)
      assert.isUndefined(taking.pollUnsafe())
      const [first, second] = yield* Fiber.join(taking)
      assert.deepStrictEqual(first, ["a", "b", "c"])
      assert.strictEqual(first, second)
    }))

  it.effect("waits with others for a reader that is slow, who gets them in one batch, in order", () =>
    Effect.gen(function*() {
      const { burst, fanOut, subscribe } = yield* make()
      const subscription = subscribe(active)
      burst("a")
      burst("b", "c")
      burst("d")
      assert.deepStrictEqual(yield* fanOut.take(subscription), ["a", "b", "c", "d"])
    }))

  it.effect("is kept by nobody where nobody subscribed", () =>
    Effect.gen(function*() {
      const { burst, fanOut, subscribe } = yield* make()
      burst("early")
      assert.strictEqual(fanOut.waitingBytes, 0)
      const subscription = subscribe(active)
      burst("a")
      assert.deepStrictEqual(yield* fanOut.take(subscription), ["a"])
    }))
})

describe("taking", () => {
  it.effect("single messages and batches can be taken in turns", () =>
    Effect.gen(function*() {
      const { burst, fanOut, subscribe } = yield* make()
      const subscription = subscribe(active)
      burst("a", "b", "c")
      assert.strictEqual(yield* fanOut.takeOne(subscription), "a")
      assert.deepStrictEqual(yield* fanOut.take(subscription), ["b", "c"])
      burst("d", "e")
      assert.strictEqual(yield* fanOut.takeOne(subscription), "d")
      assert.strictEqual(yield* fanOut.takeOne(subscription), "e")
      assert.strictEqual(subscription.bytes, 0)
    }))

  it.effect("that is interrupted, even as it was woken, takes nothing with it", () =>
    Effect.gen(function*() {
      const { fanOut, subscribe, waiting } = yield* make()
      const subscription = subscribe(active)
      for (let i = 0; i < 3; i++) {
        const taking = yield* beside(fanOut.take(subscription))
        fanOut.push("a", 1)
        yield* Fiber.interrupt(taking)
        assert.deepStrictEqual(yield* fanOut.take(subscription), ["a"])
      }
      const taking = yield* beside(fanOut.take(subscription))
      fanOut.push("b", 1)
      assert.deepStrictEqual(yield* Fiber.join(taking), ["b"])
      assert.strictEqual(waiting(), 0)
    }))

  it.effect("gives what waits before the end, which wakes whoever waits", () =>
    Effect.gen(function*() {
      const { burst, fanOut, subscribe } = yield* make()
      const [own, other] = [subscribe({ parked: false, ofSession: true }), subscribe(active)]
      burst("a")
      fanOut.finishAll(Cause.done(), "ofSession")
      assert.deepStrictEqual(yield* fanOut.take(own), ["a"])
      assert.strictEqual((yield* Effect.exit(fanOut.take(own)))._tag, "Failure")
      burst("b")
      assert.deepStrictEqual(yield* fanOut.take(other), ["a", "b"])
      const taking = yield* beside(Effect.exit(fanOut.takeOne(other)))
      fanOut.finishAll(Cause.done(), "all")
      assert.strictEqual((yield* Fiber.join(taking))._tag, "Failure")
      assert.strictEqual(fanOut.active, 0)
    }))
})

describe("what waits", () => {
  it.effect("is measured by the slowest active subscription, and room is told of when it shrinks", () =>
    Effect.gen(function*() {
      const { burst, counted, fanOut, subscribe } = yield* make()
      subscribe(parked)
      const slow = subscribe(active)
      burst(ten(1), ten(2))
      const fast = subscribe(active)
      burst(ten(3))
      fanOut.push("a", 1)
      assert.strictEqual(fanOut.waitingBytes, 31)
      yield* fanOut.take(fast)
      assert.strictEqual(fanOut.waitingBytes, 31)
      const before = counted.room
      yield* fanOut.takeOne(slow)
      assert.strictEqual(fanOut.waitingBytes, 21)
      fanOut.finish(slow, Cause.done())
      assert.strictEqual(fanOut.waitingBytes, 0)
      assert.strictEqual(counted.room, before + 2)
    }))

  for (const [policy, left] of [["dropOldest", [2, 3, 4, 5, 6]], ["dropNewest", [1, 2, 3, 4, 5]]] as const) {
    it.effect(`above the mark is dropped under ${policy}, and counted for each active subscription`, () =>
      Effect.gen(function*() {
        const { dropped, fanOut, subscribe } = yield* make()
        const [one, two, other] = [subscribe(active), subscribe(active), subscribe(parked)]
        for (let i = 1; i <= 6; i++) fanOut.push(ten(i), 10)
        fanOut.dropAboveMark(policy)
        assert.strictEqual(fanOut.waitingBytes, 50)
        assert.deepStrictEqual(yield* fanOut.take(one), left.map(ten) as never)
        assert.deepStrictEqual(yield* fanOut.take(two), left.map(ten) as never)
        assert.strictEqual(other.bytes, 60)
        yield* settle
        assert.deepStrictEqual(dropped(), [`${policy} 2/20`])
      }))
  }
})

describe("a parked subscription", () => {
  it.effect("misses what came before its reader did, which is told then", () =>
    Effect.gen(function*() {
      const { burst, fanOut, subscribe } = yield* make()
      const subscription = subscribe(parked)
      for (let i = 1; i <= 8; i++) burst(ten(i))
      assert.strictEqual(fanOut.waitingBytes, 0)
      assert.strictEqual(subscription.missed, 3)
      fanOut.activate(subscription)
      assert.strictEqual(subscription.missed, 0)
      assert.strictEqual(fanOut.active, 1)
      assert.strictEqual(fanOut.waitingBytes, 50)
    }))

  it.effect("that is taken from message by message is read, but holds up nothing", () =>
    Effect.gen(function*() {
      const { burst, fanOut, subscribe } = yield* make()
      const subscription = subscribe(parked)
      burst(ten(1))
      assert.strictEqual(yield* fanOut.takeOne(subscription), ten(1))
      assert.deepStrictEqual([fanOut.touched, fanOut.active], [1, 0])
      for (let i = 2; i <= 9; i++) burst(ten(i))
      assert.strictEqual(fanOut.waitingBytes, 0)
      assert.strictEqual(subscription.missed, 0)
      fanOut.activate(subscription)
      assert.deepStrictEqual([fanOut.touched, fanOut.active], [0, 1])
    }))

  it.effect("can be forked: the fork has the same messages, and its own place among them", () =>
    Effect.gen(function*() {
      const { burst, fanOut, subscribe } = yield* make()
      const one = subscribe(parked)
      burst("a", "b")
      const two = fanOut.fork(one)
      burst("c")
      assert.strictEqual(yield* fanOut.takeOne(one), "a")
      assert.deepStrictEqual(yield* fanOut.take(two), ["a", "b", "c"])
      assert.deepStrictEqual(yield* fanOut.take(one), ["b", "c"])
      burst("d")
      assert.deepStrictEqual(yield* fanOut.take(one), ["d"])
      assert.deepStrictEqual(yield* fanOut.take(two), ["d"])
    }))
})
