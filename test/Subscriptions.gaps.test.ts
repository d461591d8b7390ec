import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Stream from "effect/Stream"
import { TestClock } from "effect/testing"
import { beside, settle } from "./support/connect.ts"
import { converse, heard, say } from "./support/conversation.ts"
import { follow, lose, make, over, sub } from "./support/subscriptions.ts"

describe("gaps", () => {
  it.effect("everybody is told of each, in order: what came before, the gap, what came after", () =>
    Effect.gen(function*() {
      const order: Array<string> = []
      const { server, subscriptions } = yield* make({
        onGap: (gap) =>
          Effect.sync(() => {
            order.push(`gap of ${String(gap.downtime)} before session ${gap.next.id}: ${gap.previous.reason._tag}`)
          })
      })
      let peer = yield* server.peer
      const stream = subscriptions.subscribe(sub("a", {
        onGap: ({ next }) => Effect.sync(() => order.push(`a: gap ${next.id}`))
      }))
      yield* beside(Stream.runForEach(stream, (n) => Effect.sync(() => order.push(`a: ${n}`))))
      yield* settle
      yield* peer.send(JSON.stringify({ key: "a", n: 1 }))
      peer = yield* lose(server, peer)
      yield* say(peer, { key: "a", n: 2 })
      // Who came between is not told of a gap in what it never had.
      yield* peer.close(1001)
      yield* settle
      const late = yield* follow(subscriptions, "a", { onGap: () => Effect.sync(() => order.push("late: gap")) })
      yield* TestClock.adjust("10 seconds")
      peer = yield* server.peer
      yield* settle
      yield* say(peer, { key: "a", n: 3 })
      assert.deepStrictEqual(order.map((line) => line.replace(/of .* before/, "before")), [
        "a: 1",
        "gap before session 2: AbnormalClosure",
        "a: gap 2",
        "a: 2",
        "gap before session 3: GoingAway",
        "a: gap 3",
        "a: 3"
      ])
      assert.deepStrictEqual(late.seen, [3])
    }))

  it.effect("messages of the new session wait until `onGap` is done, which may request and send as it likes", () =>
    Effect.gen(function*() {
      const order: Array<string> = []
      const talk = yield* converse()
      const { protocol, server } = talk
      const subscriptions = yield* over(protocol, {
        onGap: () => Effect.andThen(Effect.orDie(protocol.send({ op: "whole" })), Effect.sleep("2 seconds"))
      })
      const peer = yield* server.peer
      const stream = subscriptions.subscribe(sub("a", {
        onGap: ({ next }) =>
          Effect.gen(function*() {
            yield* Effect.orDie(next.send({ op: "snapshot" }))
            yield* Effect.sleep("1 second")
            order.push("resynced")
          })
      }))
      yield* beside(Stream.runForEach(stream, (n) => Effect.sync(() => order.push(`${n}`))))
      const next = yield* lose(server, peer)
      yield* say(next, { key: "a", n: 1 })
      assert.deepStrictEqual(yield* heard(next), ["open a", "whole"])
      yield* TestClock.adjust("2 seconds")
      yield* say(next, { key: "a", n: 2 })
      assert.deepStrictEqual(yield* heard(next), ["open a", "whole", "snapshot"])
      assert.deepStrictEqual(order, [])
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(order, ["resynced", "1", "2"])
    }))

  it.effect("`onGap` of the whole is interrupted with its session, and the next gap is told anew", () =>
    Effect.gen(function*() {
      const order: Array<string> = []
      const { server, subscriptions } = yield* make({
        onGap: ({ next }) =>
          Effect.onInterrupt(
            Effect.andThen(Effect.sleep("10 seconds"), Effect.sync(() => order.push(`whole ${next.id}`))),
            () => Effect.sync(() => order.push(`interrupted ${next.id}`))
          )
      })
      const peer = yield* server.peer
      const a = yield* follow(subscriptions, "a", {
        onGap: ({ next }) => Effect.sync(() => order.push(`a ${next.id}`))
      })
      const second = yield* lose(server, peer)
      const third = yield* lose(server, second)
      yield* say(third, { key: "a", n: 1 })
      yield* TestClock.adjust("10 seconds")
      assert.deepStrictEqual(order, ["interrupted 2", "whole 3", "a 3"])
      assert.deepStrictEqual(a.seen, [1])
    }))

  it.effect("a failure of a subscriber's `onGap` is a failure of its stream", () =>
    Effect.gen(function*() {
      const { server, subscriptions } = yield* make()
      const peer = yield* server.peer
      const stream = subscriptions.subscribe({ ...sub("a"), onGap: () => Effect.fail("no snapshot" as const) })
      const fiber = yield* beside(Stream.runDrain(stream))
      const next = yield* lose(server, peer)
      assert.strictEqual(yield* Effect.flip(Fiber.join(fiber)), "no snapshot")
      assert.deepStrictEqual(yield* heard(next), ["open a", "close a"])
    }))
})

describe("replay", () => {
  it.effect("no window holds more than the limit, and user frames wait until it is done", () =>
    Effect.gen(function*() {
      const { protocol, server, subscriptions } = yield* make({
        replay: { batch: 4, rateLimit: { limit: 10, window: "1 second" } }
      })
      const peer = yield* server.peer
      for (let i = 0; i < 25; i++) yield* follow(subscriptions, `${i}`)
      yield* settle
      assert.strictEqual((yield* heard(peer)).length, 10)
      yield* TestClock.adjust("10 seconds")
      assert.strictEqual((yield* heard(peer)).length, 25)
      yield* peer.drop
      yield* settle
      yield* beside(protocol.send({ op: "user" }))
      yield* TestClock.adjust("1 second")
      const next = yield* server.peer
      const counts: Array<number> = []
      for (let i = 0; i < 30; i++) {
        counts.push((yield* heard(next)).length)
        yield* TestClock.adjust("100 millis")
      }
      for (let i = 10; i < counts.length; i++) assert.isAtMost(counts[i]! - counts[i - 10]!, 10)
      const told = yield* heard(next)
      assert.deepStrictEqual(told, [...Array.from({ length: 25 }, (_, i) => `open ${i}`), "user"])
    }))

  it.effect("what is not replayed yet when the session ends is not sent twice in the next", () =>
    Effect.gen(function*() {
      const { server, subscriptions } = yield* make({ replay: { rateLimit: { limit: 2, window: "10 seconds" } } })
      const peer = yield* server.peer
      for (const key of ["a", "b", "c"]) yield* follow(subscriptions, key)
      yield* settle
      assert.deepStrictEqual(yield* heard(peer), ["open a", "open b"])
      const next = yield* lose(server, peer)
      yield* TestClock.adjust("1 minute")
      assert.deepStrictEqual(yield* heard(next), ["open a", "open b", "open c"])
    }))
})
