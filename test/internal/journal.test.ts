import { assert, describe, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Metric from "effect/Metric"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import { TestClock } from "effect/testing"
import * as Metrics from "../../src/ConnectionMetrics.ts"
import type { ConnectionStatus } from "../../src/ConnectionStatus.ts"
import { Journal } from "../../src/internal/journal.ts"
import { beside, collect, settle, tags } from "../support/connect.ts"

let names = 0

/** A journal, and how often it ticked. */
const make = Effect.fnUntraced(function*() {
  const clock = yield* Clock.clockWith(Effect.succeed)
  const owner = {
    // Metrics are global: each test counts under a name of its own.
    name: `journal ${++names}`,
    ticks: 0,
    status: { _tag: "Connecting", attempt: 1 } as ConnectionStatus,
    onTick: () => {
      owner.ticks++
    }
  }
  return yield* Effect.withFiber((fiber) =>
    Effect.succeed({
      owner,
      journal: new Journal({
        status: { _tag: "Connecting", attempt: 1 },
        clock,
        context: fiber.context,
        dispatcher: fiber.currentDispatcher,
        owner
      })
    })
  )
})

const closed: ConnectionStatus = { _tag: "Closed", cause: Option.none(), attempts: 1, dials: 1 }
const connecting = (attempt: number): ConnectionStatus => ({ _tag: "Connecting", attempt })

const counted = (metric: Metric.Counter<number>, attributes: Record<string, string>) =>
  Effect.map(Metric.value(Metric.withAttributes(metric, attributes)), ({ count }) => count)

describe("status", () => {
  it.effect("`changes` begins with the current one, for everybody, and ends after `Closed`", () =>
    Effect.gen(function*() {
      const { journal, owner } = yield* make()
      const first = yield* collect(journal.changes)
      journal.transition(owner.status = { _tag: "Closing" })
      const second = yield* collect(journal.changes)
      journal.transition(owner.status = closed)
      journal.finish()
      yield* settle
      assert.deepStrictEqual(tags(first), ["Connecting", "Closing", "Closed"])
      assert.deepStrictEqual(tags(second), ["Closing", "Closed"])
      assert.deepStrictEqual(tags(yield* Stream.runCollect(journal.changes)), ["Closed"])
    }))

  it.effect("`changes` begins with what the owner is doing now, be it a newer fact than the last transition", () =>
    Effect.gen(function*() {
      const { journal, owner } = yield* make()
      owner.status = connecting(7)
      assert.deepStrictEqual(yield* collect(journal.changes), [connecting(7)])
      assert.deepStrictEqual(journal.status, connecting(1))
    }))

  it.effect("who is slow gets the newest 1 024", () =>
    Effect.gen(function*() {
      const { journal } = yield* make()
      const seen: Array<ConnectionStatus> = []
      yield* beside(Stream.runForEach(journal.changes, (status) =>
        Effect.andThen(
          Effect.sync(() => seen.push(status)),
          seen.length === 0 ? Effect.sleep("1 second") : Effect.void
        )))
      yield* settle
      for (let i = 1; i <= 5000; i++) {
        journal.transition(connecting(i))
      }
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(seen[0], connecting(1))
      assert.deepStrictEqual(seen.at(-1), connecting(5000))
      assert.isAtMost(seen.length, 1026)
      assert.isAtLeast(seen.length, 1024)
    }))
})

describe("events", () => {
  it.effect("are not even built where nobody listens", () =>
    Effect.gen(function*() {
      const { journal } = yield* make()
      let built = 0
      const fields = () => {
        built++
        return { session: 1 }
      }
      journal.publish("Paused", fields)
      journal.publishLater("Paused", fields)
      assert.strictEqual(built, 0)
      const events = yield* collect(journal.events)
      journal.publish("Paused", fields)
      yield* settle
      assert.strictEqual(built, 1)
      assert.deepStrictEqual(tags(events), ["Paused"])
    }))

  it.effect("carry the wall clock's time, and keep their order however they are published", () =>
    Effect.gen(function*() {
      const { journal } = yield* make()
      const events = yield* collect(journal.events)
      yield* TestClock.adjust("5 seconds")
      journal.publishLater("Paused", () => ({ session: 1 }))
      journal.publishLater("Resumed", () => ({ session: 1, pausedFor: Duration.zero }))
      journal.dropped("inbound", "unread", 1, 2)
      journal.publish("Closed", () => ({ cause: Option.none(), attempts: 1, dials: 1 }))
      yield* settle
      assert.deepStrictEqual(tags(events).slice(0, 3), ["Paused", "Resumed", "Closed"])
      assert.strictEqual(DateTime.toEpochMillis(events[0]!.at), 5000)
    }))

  it.effect("those from inside a socket's callback wake nobody there", () =>
    Effect.gen(function*() {
      const { journal } = yield* make()
      const events = yield* collect(journal.events)
      journal.publishLater("Paused", () => ({ session: 1 }))
      assert.deepStrictEqual(events, [])
      yield* settle
      assert.deepStrictEqual(tags(events), ["Paused"])
    }))

  it.effect("drops of one burst are announced together, by direction and reason", () =>
    Effect.gen(function*() {
      const { journal, owner } = yield* make()
      const events = yield* collect(journal.events)
      for (let i = 0; i < 10; i++) {
        journal.dropped("inbound", "unread", 1, 10)
        journal.dropped("outbound", "dropOldest", 2, 3)
      }
      yield* settle
      journal.dropped("inbound", "unread", 1, 10)
      yield* settle
      const drops = events.map(({ at: _, ...event }) => event)
      assert.deepStrictEqual(drops, [
        { _tag: "Dropped", direction: "inbound", reason: "unread", messages: 10, bytes: 100 },
        { _tag: "Dropped", direction: "outbound", reason: "dropOldest", messages: 20, bytes: 30 },
        { _tag: "Dropped", direction: "inbound", reason: "unread", messages: 1, bytes: 10 }
      ])
      assert.strictEqual(
        yield* counted(Metrics.dropped, { connection: owner.name, direction: "inbound", reason: "unread" }),
        11
      )
    }))

  it.effect("end with `Closed`, for who is slow as well", () =>
    Effect.gen(function*() {
      const { journal } = yield* make()
      const fast = yield* beside(Stream.runCollect(journal.events))
      let slowly = 0
      const slow = yield* beside(Stream.runForEach(journal.events, () =>
        Effect.andThen(
          Effect.sync(() => slowly++),
          slowly === 0 ? Effect.sleep("1 second") : Effect.void
        )))
      yield* settle
      for (let i = 0; i < 2000; i++) {
        journal.publish("Paused", () => ({ session: i }))
        if (i % 10 === 0) {
          yield* settle
        }
      }
      journal.publish("Closed", () => ({ cause: Option.none(), attempts: 1, dials: 1 }))
      journal.finish()
      yield* TestClock.adjust("1 second")
      yield* Fiber.join(slow)
      const all = yield* Fiber.join(fast)
      assert.strictEqual(all.length, 2001)
      assert.isAtLeast(slowly, 1024)
      assert.isBelow(slowly, 1100)
      assert.deepStrictEqual(yield* Stream.runCollect(journal.events), [])
    }))
})

describe("metrics", () => {
  it.effect("messages and bytes are counted once a burst", () =>
    Effect.gen(function*() {
      const { journal, owner } = yield* make()
      for (let i = 0; i < 1000; i++) {
        journal.inboundMessages++
        journal.inboundBytes += 5
        journal.tick()
      }
      journal.outboundMessages++
      journal.outboundBytes += 7
      assert.strictEqual(owner.ticks, 0)
      yield* settle
      assert.strictEqual(owner.ticks, 1)
      const connection = owner.name
      assert.strictEqual(yield* counted(Metrics.messages, { connection, direction: "inbound" }), 1000)
      assert.strictEqual(yield* counted(Metrics.bytes, { connection, direction: "inbound" }), 5000)
      assert.strictEqual(yield* counted(Metrics.messages, { connection, direction: "outbound" }), 1)
      assert.strictEqual(yield* counted(Metrics.bytes, { connection, direction: "outbound" }), 7)
      journal.inboundMessages++
      journal.tick()
      yield* settle
      assert.strictEqual(owner.ticks, 2)
      assert.strictEqual(yield* counted(Metrics.messages, { connection, direction: "inbound" }), 1001)
    }))

  it.effect("the status is measured at each transition", () =>
    Effect.gen(function*() {
      const { journal, owner } = yield* make()
      const gauge = Metric.withAttributes(Metrics.status, { connection: owner.name })
      for (const status of [connecting(1), { _tag: "Closing" } as const, closed]) {
        journal.transition(status)
        assert.strictEqual((yield* Metric.value(gauge)).value, Metrics.statusValue[status._tag])
      }
    }))
})
