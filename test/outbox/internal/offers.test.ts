import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { Offers } from "../../../src/outbox/internal/offers.ts"
import { OutboxClosed, OutboxError } from "../../../src/outbox/internal/outboxStatus.ts"
import { beside, settle } from "../../support/connect.ts"

const closed = new OutboxError({ reason: new OutboxClosed({}), outbox: "orders" })
const payloads = (offers: Offers) => Effect.map(offers.take, (taken) => taken.map(({ payload }) => payload))

describe("Offers", () => {
  it.effect("are taken together, in order, and told their numbers", () =>
    Effect.gen(function*() {
      const offers = new Offers()
      const sends = yield* Effect.forEach(["a", "b", "c"], (payload) => beside(offers.offer(payload)))
      assert.deepStrictEqual(yield* payloads(offers), ["a", "b", "c"])
      assert.isFalse(offers.isEmpty)
      offers.stored(7)
      assert.deepStrictEqual(yield* Effect.forEach(sends, Fiber.join), [7, 8, 9])
      assert.isTrue(offers.isEmpty)
    }))

  it.effect("are awaited by who takes them", () =>
    Effect.gen(function*() {
      const offers = new Offers()
      const taking = yield* beside(payloads(offers))
      yield* settle
      yield* beside(offers.offer("late"))
      assert.deepStrictEqual(yield* Fiber.join(taking), ["late"])
    }))

  it.effect("make batches of 1024 messages and a mebi of characters at most, but for one that is larger", () =>
    Effect.gen(function*() {
      const offers = new Offers()
      const half = "x".repeat(600_000)
      for (const payload of [half, half, half + half]) yield* beside(offers.offer(payload))
      for (let index = 0; index < 1500; index++) yield* beside(offers.offer(""))
      const sizes: Array<number> = []
      while (sizes.length < 5) sizes.push((yield* offers.take).length)
      assert.deepStrictEqual(sizes, [1, 1, 1, 1024, 476])
    }))

  it.effect("that are interrupted in time are not taken, and later not told", () =>
    Effect.gen(function*() {
      const offers = new Offers()
      const [first, second] = [yield* beside(offers.offer("a")), yield* beside(offers.offer("b"))]
      yield* Fiber.interrupt(first)
      assert.deepStrictEqual(yield* payloads(offers), ["b"])
      yield* Fiber.interrupt(second)
      offers.stored(1)
      assert.isTrue(offers.isEmpty)
    }))

  it.effect("fail once they are closed, those that wait, those that were taken, and those that come", () =>
    Effect.gen(function*() {
      const offers = new Offers()
      const taken = yield* beside(offers.offer("a"))
      yield* offers.take
      const waiting = yield* beside(offers.offer("b"))
      offers.close(closed)
      for (const send of [Fiber.join(taken), Fiber.join(waiting), offers.offer("c")]) {
        assert.strictEqual(yield* Effect.flip(send), closed)
      }
    }))
})
