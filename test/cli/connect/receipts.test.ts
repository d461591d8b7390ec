import { it } from "@effect/vitest"
import { Clock, Duration, Effect } from "effect"
import { TestClock } from "effect/testing"
import { describe, expect } from "vitest"
import { isReceipt, Receipts } from "../../../src/cli/connect/receipts.ts"
import { AbnormalClosure, ConnectionError, NormalClosure } from "../../../src/ConnectionError.ts"
import { beside, settle } from "../../support/connect.ts"
import { FakeLink } from "../../support/fakeLink.ts"

const setup = (options: { readonly asks?: boolean; readonly atOpen?: boolean } = {}) =>
  Effect.gen(function*() {
    const clock = yield* Clock.clockWith(Effect.succeed)
    const link = new FakeLink(clock)
    const receipts = new Receipts({ asks: options.asks ?? true, atOpen: options.atOpen ?? false, clock })
    receipts.opened(link.state)
    const send = (count: number) =>
      Effect.sync(() => {
        for (let i = 0; i < count; i++) receipts.message("sent")
      })
    const answer = (index: number) =>
      Effect.sync(() => receipts.control("received", "pong", link.pings[index]!.payload))
    return { answer, link, receipts, send }
  })

const lost = new ConnectionError({ reason: new AbnormalClosure({ cause: undefined }) })

describe("receipts", () => {
  it.effect("ask now and then for what was sent, one question at a time", () =>
    Effect.gen(function*() {
      const { answer, link, receipts, send } = yield* setup()
      yield* beside(receipts.asking("1 second"))
      yield* TestClock.adjust("5 seconds")
      expect(link.pings).toEqual([])
      yield* send(3)
      yield* TestClock.adjust("5 seconds")
      expect(link.pings).toHaveLength(1)
      expect(isReceipt(link.pings[0]!.payload)).toBe(true)
      yield* send(2)
      yield* answer(0)
      expect(receipts.open).toBe(2)
      yield* TestClock.adjust("1 second")
      yield* answer(1)
      expect({ open: receipts.open, sent: receipts.sent }).toEqual({ open: 0, sent: 5 })
    }))

  it.effect("know how much may have been lost with a session", () =>
    Effect.gen(function*() {
      const { answer, link, receipts, send } = yield* setup()
      yield* beside(receipts.asking("1 second"))
      yield* send(3)
      yield* TestClock.adjust("1 second")
      yield* send(4)
      yield* answer(0)
      receipts.ended(lost)
      receipts.opened(link.state)
      yield* send(1)
      expect({ uncertain: receipts.uncertain, open: receipts.open, sessions: receipts.sessions })
        .toEqual({ uncertain: 4, open: 1, sessions: 2 })
    }))

  it.effect("take a normal closure as a receipt", () =>
    Effect.gen(function*() {
      const { receipts, send } = yield* setup()
      yield* send(3)
      receipts.ended(new ConnectionError({ reason: new NormalClosure({ code: 1000 }) }))
      expect(receipts.uncertain).toBe(0)
    }))

  it.effect("are waited for, also for what is sent meanwhile", () =>
    Effect.gen(function*() {
      const { answer, link, receipts, send } = yield* setup()
      yield* receipts.settled
      yield* send(1)
      let settled = false
      yield* beside(Effect.andThen(receipts.settled, Effect.sync(() => settled = true)))
      yield* send(1)
      yield* answer(0)
      yield* settle
      expect({ settled, pings: link.pings.length }).toEqual({ settled: false, pings: 2 })
      yield* answer(1)
      yield* settle
      expect(settled).toBe(true)
    }))

  it.effect("are not waited for once the session has ended", () =>
    Effect.gen(function*() {
      const { receipts, send } = yield* setup()
      yield* send(1)
      const waiting = yield* beside(receipts.settled)
      receipts.ended(lost)
      yield* settle
      expect(waiting.pollUnsafe()).toBeDefined()
    }))

  it.effect("tell the round trip", () =>
    Effect.gen(function*() {
      const { answer, receipts } = yield* setup({ atOpen: true })
      yield* TestClock.adjust("40 millis")
      yield* answer(0)
      expect(Duration.toMillis(receipts.roundTrip!)).toBe(40)
    }))

  it.effect("send nothing where no pings are wanted, and then nothing is uncertain", () =>
    Effect.gen(function*() {
      const { link, receipts, send } = yield* setup({ asks: false, atOpen: true })
      yield* beside(receipts.asking("1 second"))
      yield* send(3)
      yield* receipts.settled
      yield* TestClock.adjust("5 seconds")
      receipts.ended(lost)
      expect({ pings: link.pings.length, uncertain: receipts.uncertain }).toEqual({ pings: 0, uncertain: 0 })
    }))
})
