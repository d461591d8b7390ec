import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { TestClock } from "effect/testing"
import { beside, settle } from "./support/connect.ts"
import { type Said, say, type Talk } from "./support/conversation.ts"
import { ending, follow, make, type Sub, sub, type Subscribed } from "./support/subscriptions.ts"

describe("a slow subscriber", () => {
  const slow = (subscriptions: Subscribed, options: Sub = {}) =>
    Effect.gen(function*() {
      const seen: Array<number> = []
      const fiber = yield* beside(Stream.runForEach(
        subscriptions.subscribe(sub("a", options)),
        (n) => Effect.andThen(Effect.sync(() => seen.push(n)), Effect.sleep("1 second"))
      ))
      return {
        seen,
        get ending() {
          return ending(fiber.pollUnsafe())
        }
      }
    })
  const numbers = (count: number) => Array.from({ length: count }, (_, n): Said => ({ key: "a", n }))
  const paused = (connection: Talk["connection"]) =>
    Effect.map(connection.status, (status) => status._tag === "Open" && status.paused)

  it.effect("by default holds up the socket until there is room, and nothing is lost", () =>
    Effect.gen(function*() {
      const { connection, server, subscriptions } = yield* make({ buffer: { capacity: 4 } }, {
        connection: { inbound: { highWaterMark: 100 } }
      })
      const peer = yield* server.peer
      const a = yield* slow(subscriptions)
      const quick = yield* follow(subscriptions, "a")
      yield* settle
      yield* say(peer, { key: "a", n: -1 })
      yield* say(peer, ...numbers(30))
      assert.isTrue(yield* paused(connection))
      assert.isBelow(quick.seen.length, 15)
      yield* TestClock.adjust("40 seconds")
      assert.isFalse(yield* paused(connection))
      assert.deepStrictEqual(a.seen, [-1, ...numbers(30).map(({ n }) => n!)])
      assert.deepStrictEqual(quick.seen, a.seen)
    }))

  it.effect("does so no longer once it has left", () =>
    Effect.gen(function*() {
      const { connection, server, subscriptions } = yield* make({ buffer: { capacity: 2 } }, {
        connection: { inbound: { highWaterMark: 50 } }
      })
      const peer = yield* server.peer
      const quick = yield* follow(subscriptions, "a")
      const scope = yield* Scope.make()
      yield* Effect.forkIn(
        Stream.runForEach(subscriptions.subscribe(sub("a")), () => Effect.never),
        scope,
        { startImmediately: true }
      )
      yield* settle
      yield* say(peer, { key: "a", n: -1 })
      yield* say(peer, ...numbers(20))
      assert.isTrue(yield* paused(connection))
      yield* Scope.close(scope, Exit.void)
      yield* settle
      assert.isFalse(yield* paused(connection))
      assert.strictEqual(quick.seen.length, 21)
    }))

  it.effect.each(
    [
      ["dropOldest", [-1, 26, 27, 28, 29]],
      ["dropNewest", [-1, 0, 1, 2, 3]]
    ] as const
  )("with %s misses some, counted, and holds up nobody", ([overflow, expected]) =>
    Effect.gen(function*() {
      const { connection, server, subscriptions } = yield* make()
      const peer = yield* server.peer
      const a = yield* slow(subscriptions, { buffer: { capacity: 4, overflow } })
      const quick = yield* follow(subscriptions, "a")
      yield* settle
      yield* say(peer, { key: "a", n: -1 })
      yield* say(peer, ...numbers(30))
      assert.isFalse(yield* paused(connection))
      yield* TestClock.adjust("10 seconds")
      assert.deepStrictEqual(a.seen, [...expected])
      assert.strictEqual(quick.seen.length, 31)
      assert.strictEqual((yield* subscriptions.counts).dropped, 26)
    }))

  it.effect("with fail fails alone, after what it has", () =>
    Effect.gen(function*() {
      const { server, subscriptions } = yield* make()
      const peer = yield* server.peer
      const a = yield* slow(subscriptions, { buffer: { capacity: 4, overflow: "fail" } })
      const quick = yield* follow(subscriptions, "a")
      yield* settle
      yield* say(peer, { key: "a", n: -1 })
      yield* say(peer, ...numbers(30))
      yield* TestClock.adjust("10 seconds")
      assert.deepStrictEqual(a.seen, [-1, 0, 1, 2, 3])
      assert.strictEqual(a.ending, "SubscriptionOverflow")
      assert.strictEqual(quick.seen.length, 31)
    }))
})
