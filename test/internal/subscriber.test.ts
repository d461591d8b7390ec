import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import { AbnormalClosure, ConnectionError } from "../../src/ConnectionError.ts"
import { type Gap, GapTicket } from "../../src/internal/gap.ts"
import { type BufferOptions, Subscriber } from "../../src/internal/subscriber.ts"
import type { ProtocolPrelude } from "../../src/Protocol.ts"
import { beside, settle } from "../support/connect.ts"

const previous = new ConnectionError({ reason: new AbnormalClosure({}) })

const make = (buffer: Partial<BufferOptions> = {}) => {
  const told: Array<string> = []
  const subscriber = new Subscriber<number, string, number, never>(
    "key",
    (n) => n < 0 ? undefined : n,
    { capacity: 4, overflow: "backpressure", ...buffer },
    {
      onFull: () => void told.push("full"),
      onRoom: () => void told.push("room"),
      onDropped: () => void told.push("dropped"),
      onFailed: () => void told.push("failed")
    }
  )
  const take = subscriber.take(({ downtime }) =>
    Effect.sync(() => void told.push(`gap ${Duration.toMillis(downtime)}`))
  )
  const offer = (...numbers: ReadonlyArray<number>) => {
    for (const n of numbers) subscriber.offer(n)
  }
  return { subscriber, told, take, offer }
}

const gap = (millis: number) => {
  const ticket = new GapTicket<string>(previous)
  const session = { id: millis } as ProtocolPrelude<string>
  const told: Gap<string> = { downtime: Duration.millis(millis), previous, next: session }
  return { ticket, tell: () => ticket.tell(Option.some(told)) }
}

describe("a subscriber", () => {
  it.effect("is given what it selects, in batches", () =>
    Effect.gen(function*() {
      const { offer, take } = make()
      offer(1, -1, 2)
      assert.deepStrictEqual(yield* take, [1, 2])
      const waiting = yield* beside(take)
      yield* settle
      offer(3)
      yield* settle
      assert.deepStrictEqual(yield* Fiber.join(waiting), [3])
    }))

  it.effect("reads what came before a gap, waits for it to be told, and goes on", () =>
    Effect.gen(function*() {
      const { offer, subscriber, take, told } = make()
      const first = gap(1)
      offer(1)
      subscriber.interrupted(first.ticket)
      offer(2)
      assert.deepStrictEqual(yield* take, [1])
      const waiting = yield* beside(take)
      yield* settle
      assert.isUndefined(waiting.pollUnsafe())
      first.tell()
      yield* settle
      assert.deepStrictEqual(told, ["gap 1"])
      assert.isDefined(waiting.pollUnsafe())
    }))

  it.effect("is told of the newest of gaps with nothing between them, and keeps nothing of the others", () =>
    Effect.gen(function*() {
      const { offer, subscriber, take, told } = make()
      for (let i = 1; i <= 3; i++) {
        const one = gap(i)
        subscriber.interrupted(one.ticket)
        one.tell()
      }
      offer(1)
      assert.deepStrictEqual(yield* take, [1])
      assert.deepStrictEqual(told, ["gap 3"])
    }))

  it.effect("a gap that is over before it was told anything is only passed", () =>
    Effect.gen(function*() {
      const { subscriber, take, told } = make()
      const ticket = new GapTicket<string>(previous)
      subscriber.interrupted(ticket)
      subscriber.finish(Cause.done())
      ticket.tell(Option.none())
      assert.isTrue((yield* Effect.exit(take))._tag === "Failure")
      assert.deepStrictEqual(told, [])
    }))

  it.effect("asks to hold up the socket once, and says when there is room again", () =>
    Effect.gen(function*() {
      const { offer, subscriber, take, told } = make()
      offer(1, 2, 3, 4)
      assert.deepStrictEqual(told, [])
      offer(5, 6)
      assert.deepStrictEqual(told, ["full"])
      assert.deepStrictEqual(yield* take, [1, 2, 3, 4, 5, 6])
      assert.deepStrictEqual(told, ["full", "room"])
      offer(1, 2, 3, 4, 5)
      subscriber.leave()
      assert.deepStrictEqual(told, ["full", "room", "full", "room"])
    }))

  it.effect("fails where nothing holds up the socket", () =>
    Effect.gen(function*() {
      const { offer, take, told } = make()
      for (let n = 0; n <= 4 + 65_536; n++) offer(n)
      assert.deepStrictEqual(told, ["full", "room", "failed"])
      assert.lengthOf(yield* take, 4 + 65_536)
      const error: unknown = yield* Effect.flip(take)
      assert.match(String(error), /SubscriptionOverflow/)
    }))

  it.effect("drops the oldest across gaps", () =>
    Effect.gen(function*() {
      const { offer, subscriber, take, told } = make({ overflow: "dropOldest" })
      offer(1, 2)
      const one = gap(1)
      subscriber.interrupted(one.ticket)
      one.tell()
      offer(3, 4, 5, 6, 7)
      assert.deepStrictEqual(yield* take, [4, 5, 6, 7])
      assert.deepStrictEqual(told, ["dropped", "dropped", "dropped", "gap 1"])
    }))
})
