import { it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { describe, expect } from "vitest"
import { WaitingRoom } from "../../../src/cli/run/waitingRoom.ts"
import { deliveries } from "../../support/workbench.ts"

const bounds = { messages: 2, bytes: 1_000_000 }
const texts = (taken: ReadonlyArray<{ readonly message: unknown }>) => taken.map(({ message }) => message)

describe("a waiting room", () => {
  it("lets in as many as fit, of messages and of bytes", () => {
    expect(new WaitingRoom(bounds).offerNow(deliveries("a", "b", "c"))).toBe(2)
    // The one that goes over the bound is still let in: else a large message could never pass.
    expect(new WaitingRoom({ messages: 10, bytes: 300 }).offerNow(deliveries("x".repeat(500), "b"))).toBe(1)
  })

  it.effect("makes who offers wait for room, in order", () =>
    Effect.gen(function*() {
      const room = new WaitingRoom(bounds)
      const offer = yield* Effect.forkChild(room.offer(deliveries("a", "b", "c", "d", "e")), { startImmediately: true })
      expect(texts(yield* room.take(10))).toEqual(["a", "b"])
      yield* Effect.yieldNow
      expect(texts(yield* room.take(1))).toEqual(["c"])
      yield* Effect.yieldNow
      expect(texts(yield* room.take(10))).toEqual(["d", "e"])
      yield* Fiber.join(offer)
    }))

  it("gives them in order, in pieces of any size, and has room for as many", () => {
    const room = new WaitingRoom({ messages: 1000, bytes: 1_000_000 })
    const taken: Array<unknown> = []
    let offered = 0
    for (const most of [1, 7, 3, 250, 2, 999, 1000, 1]) {
      offered += room.offerNow(deliveries(...Array.from({ length: 100 }, (_, n) => String(offered + n))))
      taken.push(...texts(room.takeNow(most)))
      expect(room.size).toBe(offered - taken.length)
    }
    taken.push(...texts(room.takeNow(1000)))
    expect(taken).toEqual(Array.from({ length: 800 }, (_, n) => String(n)))
  })

  it.effect("makes who takes wait for messages, and is done when it has ended", () =>
    Effect.gen(function*() {
      const room = new WaitingRoom(bounds)
      const taker = yield* Effect.forkChild(room.take(10), { startImmediately: true })
      room.offerNow(deliveries("a"))
      expect(texts(yield* Fiber.join(taker))).toEqual(["a"])
      room.offerNow(deliveries("b"))
      room.end()
      expect(texts(yield* room.take(10))).toEqual(["b"])
      expect(yield* room.take(10)).toEqual([])
      // Nobody waits for ever for a place in a room that is closed.
      yield* room.offer(deliveries("c", "d", "e", "f"))
    }))
})
