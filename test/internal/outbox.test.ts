import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import { TestClock } from "effect/testing"
import { AbnormalClosure, ConnectionClosed, ConnectionError } from "../../src/ConnectionError.ts"
import type { Journal } from "../../src/internal/journal.ts"
import { Outbox } from "../../src/internal/outbox.ts"
import type { RateLimit } from "../../src/internal/rateWindow.ts"
import type { WhileDisconnected } from "../../src/internal/sendQueue.ts"
import { beside, collect, settle } from "../support/connect.ts"
import { makeJournal } from "../support/journal.ts"
import * as WiredLink from "../support/wiredLink.ts"

const lost = new ConnectionError({ reason: new AbnormalClosure({ cause: undefined }) })
const closed = new ConnectionError({ reason: new ConnectionClosed({}) })

/** An outbox with a mark of 50 bytes. */
const make = Effect.fnUntraced(function*(
  whileDisconnected: WhileDisconnected = { mode: "suspend" },
  { rateLimit, timers = true }: { readonly rateLimit?: RateLimit; readonly timers?: boolean } = {}
) {
  const journal: Journal = yield* makeJournal({ name: "outbox", onTick: () => {} })
  const drains: Array<Fiber.Fiber<void>> = []
  const context = yield* Effect.context()
  const fork = (effect: Effect.Effect<void>) => {
    const fiber = Effect.runForkWith(context)(effect)
    drains.push(fiber)
    return fiber
  }
  const inTime = yield* Clock.clockWith(Effect.succeed)
  const clock: Clock.Clock = timers ? inTime : {
    currentTimeMillisUnsafe: () => inTime.currentTimeMillisUnsafe(),
    currentTimeMillis: inTime.currentTimeMillis,
    currentTimeNanosUnsafe: () => inTime.currentTimeNanosUnsafe(),
    currentTimeNanos: inTime.currentTimeNanos,
    monotonicTimeNanosUnsafe: () => inTime.monotonicTimeNanosUnsafe(),
    monotonicTimeNanos: inTime.monotonicTimeNanos,
    sleep: () => Effect.never
  }
  const outbox = new Outbox({ highWaterMark: 50, whileDisconnected, rateLimit }, {
    journal,
    clock,
    runInSession: fork,
    runInScope: fork
  })
  yield* Effect.addFinalizer(() => Fiber.interruptAll(drains))
  const events = yield* collect(journal.events)
  const dropped = () =>
    events.flatMap((event) => event._tag === "Dropped" ? [`${event.reason} ${event.messages}/${event.bytes}`] : [])
  return { drains, dropped, outbox }
})

const ten = (n: number): string => String(n).padStart(10, "0")
const tens = (from: number, to: number): Array<string> =>
  Array.from({ length: to - from + 1 }, (_, index) => ten(from + index))

/** The delivery and the cause's tag with which a send ended; undefined while it waits. */
const outcome = (fiber: Fiber.Fiber<void, ConnectionError>): string | undefined => {
  const exit = fiber.pollUnsafe()
  if (exit === undefined || Exit.isSuccess(exit)) return exit?._tag
  const { reason } = Cause.squash(exit.cause) as ConnectionError
  return reason._tag === "SendFailed" ? `${reason.delivery} ${reason.cause.reason._tag}` : reason._tag
}

const send = (outbox: Outbox, messages: ReadonlyArray<string>, patient = false) =>
  Effect.forEach(messages, (message) => beside(outbox.send(message, patient)))

describe("the gate", () => {
  it.effect("below the mark a send is one call of the link, and no fiber", () =>
    Effect.gen(function*() {
      const { drains, outbox } = yield* make()
      const link = yield* WiredLink.make()
      outbox.attach(link.state)
      assert.strictEqual(Effect.runSyncExit(outbox.send("now", false))._tag, "Success")
      assert.deepStrictEqual(link.sent, ["now"])
      assert.deepStrictEqual(drains, [])
    }))

  it.effect("one fiber hands over what waits, however many wait", () =>
    Effect.gen(function*() {
      const { drains, outbox } = yield* make()
      const link = yield* WiredLink.make()
      outbox.attach(link.state)
      const senders = yield* send(outbox, tens(1, 30))
      assert.strictEqual(drains.length, 1)
      while (link.sent.length < 30) {
        link.leave(5)
        yield* settle
      }
      assert.strictEqual(drains.length, 1)
      assert.deepStrictEqual(link.sent, tens(1, 30))
      assert.isTrue(senders.every((fiber) => outcome(fiber) === "Success"))
      assert.isDefined(drains[0]!.pollUnsafe())
    }))

  it.effect("nothing overtakes what waits, though there is room again", () =>
    Effect.gen(function*() {
      const { outbox } = yield* make()
      const link = yield* WiredLink.make()
      outbox.attach(link.state)
      yield* send(outbox, tens(1, 7))
      link.leave(5)
      // Nobody has been woken yet.
      yield* send(outbox, [ten(8)])
      yield* settle
      assert.deepStrictEqual(link.sent, tens(1, 8))
    }))

  it.effect("a link that has ended above the mark is left alone until the session is left", () =>
    Effect.gen(function*() {
      const { outbox } = yield* make()
      const link = yield* WiredLink.make()
      outbox.attach(link.state)
      const senders = yield* send(outbox, tens(1, 7))
      const asked = link.asked
      link.state.end(new AbnormalClosure({ cause: undefined }))
      yield* settle
      assert.strictEqual(link.asked, asked)
      assert.isUndefined(outcome(senders[6]!))
      assert.deepStrictEqual(outbox.detach(lost), { messages: 5, bytes: 50 })
      const next = yield* WiredLink.make()
      outbox.attach(next.state)
      yield* settle
      assert.deepStrictEqual(next.sent, tens(6, 7))
    }))

  it.effect("what the link does not take, though it seems open, waits for the next one", () =>
    Effect.gen(function*() {
      const { outbox } = yield* make({ mode: "fail" })
      const link = yield* WiredLink.make()
      outbox.attach(link.state)
      link.takes = false
      const [sending] = yield* send(outbox, ["late"])
      yield* settle
      assert.isUndefined(outcome(sending!))
      outbox.detach(lost)
      yield* settle
      assert.strictEqual(outcome(sending!), "notSent AbnormalClosure")
      assert.deepStrictEqual(link.sent, [])
    }))

  it.effect("a patient send waits whatever the policy, and keeps its turn", () =>
    Effect.gen(function*() {
      const { outbox } = yield* make({ mode: "fail" })
      const [patient] = yield* send(outbox, ["patient"], true)
      const [other] = yield* send(outbox, ["other"])
      yield* settle
      assert.isUndefined(outcome(patient!))
      assert.strictEqual(outcome(other!), "notSent ConnectFailed")
      const link = yield* WiredLink.make()
      outbox.attach(link.state)
      yield* settle
      assert.deepStrictEqual(link.sent, ["patient"])
      assert.strictEqual(outcome(patient!), "Success")
    }))

  it.effect("a send for this session only never waits for another", () =>
    Effect.gen(function*() {
      for (const mode of ["suspend", "fail", "drop"] as const) {
        const { dropped, outbox } = yield* make({ mode })
        assert.strictEqual(outcome(yield* beside(outbox.sendNow("too early"))), "notSent ConnectFailed")
        const link = yield* WiredLink.make()
        outbox.attach(link.state)
        yield* send(outbox, tens(1, 5))
        const sending = yield* beside(outbox.sendNow("late"))
        yield* settle
        assert.isUndefined(outcome(sending))
        outbox.detach(lost)
        yield* settle
        assert.strictEqual(outcome(sending), "notSent AbnormalClosure")
        assert.deepStrictEqual(dropped(), [])
      }
    }))
})

describe("what had not left", () => {
  for (const framing of [0, 6]) {
    it.effect(`is counted by messages and bytes, where a link counts ${framing} bytes of framing`, () =>
      Effect.gen(function*() {
        const { outbox } = yield* make()
        const link = yield* WiredLink.make({ framing })
        outbox.attach(link.state)
        yield* send(outbox, ["a", "bb", "ccc"])
        link.leave(1)
        assert.deepStrictEqual(outbox.detach(lost), { messages: 2, bytes: 5 })
      }))
  }

  it.effect("is nothing where all had left, and is asked for once", () =>
    Effect.gen(function*() {
      const { outbox } = yield* make()
      const link = yield* WiredLink.make()
      outbox.attach(link.state)
      yield* send(outbox, ["a"])
      link.leave(1)
      assert.deepStrictEqual(outbox.detach(lost), { messages: 0, bytes: 0 })
      assert.deepStrictEqual(outbox.detach(lost), { messages: 0, bytes: 0 })
      yield* outbox.flush
    }))
})

describe("the buffer", () => {
  it.effect("has room again for what was handed over, in the middle of an outage too", () =>
    Effect.gen(function*() {
      const { outbox } = yield* make({ mode: "buffer", messages: 7, bytes: 1000, overflow: "suspend" })
      const senders = yield* send(outbox, tens(1, 9))
      assert.deepStrictEqual(senders.filter((fiber) => outcome(fiber) === "Success").length, 7)
      const link = yield* WiredLink.make()
      outbox.attach(link.state)
      yield* settle
      assert.deepStrictEqual(link.sent, tens(1, 5))
      link.state.end(new AbnormalClosure({ cause: undefined }))
      outbox.detach(lost)
      yield* settle
      // Two of the seven are left, and the two that waited take their place behind them.
      assert.isTrue(senders.every((fiber) => outcome(fiber) === "Success"))
      const [more] = yield* send(outbox, [ten(10)])
      assert.strictEqual(outcome(more!), "Success")
      const next = yield* WiredLink.make()
      outbox.attach(next.state)
      yield* settle
      assert.deepStrictEqual(next.sent, tens(6, 10))
    }))

  it.effect("what is suspended when a session dies is the oldest that `dropOldest` can drop", () =>
    Effect.gen(function*() {
      const { dropped, outbox } = yield* make({ mode: "buffer", messages: 2, bytes: 1000, overflow: "dropOldest" })
      const link = yield* WiredLink.make()
      outbox.attach(link.state)
      const senders = yield* send(outbox, tens(1, 9))
      link.state.end(new AbnormalClosure({ cause: undefined }))
      outbox.detach(lost)
      yield* settle
      assert.isTrue(senders.every((fiber) => outcome(fiber) === "Success"))
      assert.deepStrictEqual(dropped(), ["dropOldest 2/20"])
      const next = yield* WiredLink.make()
      outbox.attach(next.state)
      yield* settle
      assert.deepStrictEqual(next.sent, tens(8, 9))
    }))
})

describe("flush", () => {
  it.effect("waits until the link holds nothing", () =>
    Effect.gen(function*() {
      const { outbox } = yield* make()
      const link = yield* WiredLink.make()
      outbox.attach(link.state)
      yield* send(outbox, tens(1, 2))
      const flushing = yield* beside(outbox.flush)
      link.leave(1)
      yield* settle
      assert.isUndefined(outcome(flushing))
      link.leave(1)
      yield* settle
      assert.strictEqual(outcome(flushing), "Success")
    }))

  it.effect("waits for what was sent before it, and for nothing that was sent later", () =>
    Effect.gen(function*() {
      const { outbox } = yield* make()
      const link = yield* WiredLink.make()
      outbox.attach(link.state)
      // Five are with the link, and two wait for room.
      yield* send(outbox, tens(1, 7))
      const flushing = yield* beside(outbox.flush)
      // From here on there are always five with the link, and some that wait.
      for (let n = 8; n < 28; n++) yield* send(outbox, [ten(n)])
      for (let left = 0; left < 6; left += 3) {
        link.leave(3)
        yield* settle
        assert.isUndefined(outcome(flushing))
      }
      link.leave(3)
      yield* settle
      assert.strictEqual(outcome(flushing), "Success")
      assert.isAbove(link.state.buffered(), 0)
    }))

  it.effect("learns of a loss in the session in which it waits, and of an earlier one once", () =>
    Effect.gen(function*() {
      const { outbox } = yield* make()
      for (let round = 0; round < 3; round++) {
        const link = yield* WiredLink.make()
        outbox.attach(link.state)
        yield* send(outbox, ["a"])
        const waiting = round === 1 ? undefined : [yield* beside(outbox.flush), yield* beside(outbox.flush)]
        link.state.end(new AbnormalClosure({ cause: undefined }))
        yield* settle
        outbox.detach(lost)
        yield* settle
        const flushes = waiting ?? [yield* beside(outbox.flush)]
        assert.isTrue(flushes.every((fiber) => outcome(fiber) === "unknown AbnormalClosure"))
        assert.strictEqual(outcome(yield* beside(outbox.flush)), "Success")
      }
    }))

  it.effect("fails with the cause itself once the connection has given up", () =>
    Effect.gen(function*() {
      const { outbox } = yield* make()
      outbox.close(Effect.fail(lost), false)
      assert.strictEqual(outcome(yield* beside(outbox.flush)), "AbnormalClosure")
    }))

  it.effect("succeeds once we have closed, unless the close dropped what it waited for", () =>
    Effect.gen(function*() {
      const idle = yield* make()
      idle.outbox.close(Effect.fail(closed), true)
      assert.strictEqual(outcome(yield* beside(idle.outbox.flush)), "Success")
      const busy = yield* make({ mode: "buffer", messages: 10, bytes: 1000, overflow: "fail" })
      yield* send(busy.outbox, ["a"])
      busy.outbox.close(Effect.fail(closed), true)
      assert.strictEqual(outcome(yield* beside(busy.outbox.flush)), "ConnectionClosed")
    }))
})

describe("what a send wants", () => {
  it.effect("what has expired by its turn is not sent, even where its timer is late", () =>
    Effect.gen(function*() {
      const { dropped, outbox } = yield* make(
        { mode: "buffer", messages: 9, bytes: 1000, overflow: "fail" },
        { timers: false }
      )
      yield* beside(outbox.send("buffered", false, { expireAfter: 1000 }))
      const [late, inTime] = [
        yield* beside(outbox.send("late", true, { expireAfter: 1000 })),
        yield* beside(outbox.send("in time", true, { expireAfter: 1001 }))
      ]
      yield* TestClock.adjust(1000)
      assert.isUndefined(outcome(late))
      const link = yield* WiredLink.make()
      outbox.attach(link.state)
      yield* settle
      assert.deepStrictEqual(link.sent, ["in time"])
      assert.deepStrictEqual([late, inTime].map(outcome), ["notSent SendExpired", "Success"])
      assert.deepStrictEqual(dropped(), ["expired 1/8"])
    }))

  it.effect("a frame that expires behind another wakes a flush that waits for it", () =>
    Effect.gen(function*() {
      const { outbox } = yield* make()
      const link = yield* WiredLink.make()
      outbox.attach(link.state)
      yield* send(outbox, tens(1, 5))
      const waiting = yield* beside(outbox.send("waiting", false, { expireAfter: 10 }))
      const flush = yield* beside(outbox.flush)
      yield* TestClock.adjust(10)
      assert.strictEqual(outcome(waiting), "notSent SendExpired")
      assert.isUndefined(outcome(flush))
      link.leave(5)
      yield* settle
      assert.strictEqual(outcome(flush), "Success")
    }))
})

describe("what goes first", () => {
  it.effect("counts in the rate limit from when it was handed over, not from its turn", () =>
    Effect.gen(function*() {
      const { outbox } = yield* make(undefined, { rateLimit: { limit: 1, window: Duration.seconds(1) } })
      const link = yield* WiredLink.make()
      outbox.prepare(link.state, true)
      const user = yield* beside(outbox.send("user", false))
      yield* beside(outbox.sendFirst(link.state, "a".repeat(50)))
      // There is room within the limit, but none below the mark.
      const second = yield* beside(outbox.sendFirst(link.state, "second"))
      yield* TestClock.adjust(5000)
      assert.isUndefined(outcome(second))
      link.leave(1)
      yield* settle
      assert.strictEqual(outcome(second), "Success")
      outbox.attach(link.state)
      yield* TestClock.adjust(999)
      assert.isUndefined(outcome(user))
      yield* TestClock.adjust(1)
      yield* settle
      assert.deepStrictEqual(link.sent, ["a".repeat(50), "second", "user"])
    }))

  it.effect("waits below the mark in nobody's way: its turn is another's meanwhile", () =>
    Effect.gen(function*() {
      const { outbox } = yield* make(undefined, { rateLimit: { limit: 1, window: Duration.seconds(1) } })
      const link = yield* WiredLink.make()
      outbox.prepare(link.state, true)
      yield* beside(outbox.sendFirst(link.state, "a".repeat(50)))
      const second = yield* beside(outbox.sendFirst(link.state, "second"))
      const beat = yield* beside(outbox.inTurn!(() => link.state.offer("beat")))
      yield* TestClock.adjust(1000)
      yield* settle
      assert.isTrue(Exit.isSuccess(beat.pollUnsafe()!))
      link.leave(2)
      yield* TestClock.adjust(1000)
      yield* settle
      assert.deepStrictEqual(link.sent, ["a".repeat(50), "beat", "second"])
      assert.strictEqual(outcome(second), "Success")
    }))
})

describe("the end", () => {
  it.effect("nothing is taken once it is closing; what waited may still go out", () =>
    Effect.gen(function*() {
      const { outbox } = yield* make()
      const link = yield* WiredLink.make()
      outbox.attach(link.state)
      const senders = yield* send(outbox, tens(1, 6))
      outbox.stop(closed)
      assert.strictEqual(outcome((yield* send(outbox, ["late"]))[0]!), "notSent ConnectionClosed")
      link.leave(5)
      yield* settle
      assert.strictEqual(outcome(senders[5]!), "Success")
      assert.strictEqual(outcome((yield* send(outbox, ["late"]))[0]!), "notSent ConnectionClosed")
      assert.deepStrictEqual(link.sent, tens(1, 6))
    }))

  it.effect("whoever waits is told, whatever it waits for", () =>
    Effect.gen(function*() {
      const { dropped, outbox } = yield* make({ mode: "buffer", messages: 1, bytes: 1000, overflow: "suspend" })
      const senders = yield* send(outbox, tens(1, 2))
      const [patient] = yield* send(outbox, ["patient"], true)
      outbox.close(Effect.fail(lost), false)
      yield* settle
      assert.deepStrictEqual([...senders, patient!].map(outcome), [
        "Success",
        "notSent AbnormalClosure",
        "notSent AbnormalClosure"
      ])
      assert.deepStrictEqual(dropped(), ["closed 1/10"])
      assert.strictEqual(outcome((yield* send(outbox, ["late"]))[0]!), "notSent AbnormalClosure")
    }))
})
