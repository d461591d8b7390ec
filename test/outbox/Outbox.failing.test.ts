import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Schema from "effect/Schema"
import { TestClock } from "effect/testing"
import type * as Outbox from "../../src/outbox/Outbox.ts"
import * as OutboxStore from "../../src/outbox/OutboxStore.ts"
import * as TestTransport from "../../src/testing/TestTransport.ts"
import { beside, collect, settle } from "../support/connect.ts"
import { acknowledge, counts, failing, order, outboxOver, stubbornStore } from "../support/outbox.ts"
import { heard } from "../support/protocol.ts"

const inMemory = <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.provide(effect, OutboxStore.layerMemory)

describe("a store that fails", () => {
  it.effect("suspends what is sent, says so, and goes on by itself with nothing lost", () =>
    Effect.gen(function*() {
      const store = yield* stubbornStore
      const { outbox, server } = yield* Effect.provide(outboxOver(), store.layer)
      const peer = yield* server.peer
      const statuses = yield* collect(outbox.changes)
      yield* outbox.send(order(1))
      yield* store.before((operation) => operation === "append" ? failing("append", true) : Effect.void)
      const waiting = yield* beside(Effect.all([outbox.send(order(2)), outbox.send(order(3))], { concurrency: 2 }))
      yield* settle
      const status = yield* outbox.status
      if (status._tag !== "Suspended") return assert.fail(status._tag)
      assert.include(status.cause.message, "could not append: no space left on device")
      // What is stored leaves and is acknowledged all the same.
      yield* acknowledge(peer, 0)
      yield* TestClock.adjust("1 hour")
      assert.isUndefined(waiting.pollUnsafe())
      yield* store.before(() => Effect.void)
      yield* TestClock.adjust("5 seconds")
      yield* Fiber.join(waiting)
      yield* settle
      assert.deepStrictEqual(yield* counts(peer), [1, 2, 3])
      assert.deepStrictEqual(
        [...new Set(statuses.map(({ _tag }) => _tag))],
        ["Running", "Suspended"]
      )
      assert.strictEqual((yield* outbox.status)._tag, "Running")
    }))

  it.effect("is tried again with growing delays, up to five seconds", () =>
    Effect.gen(function*() {
      const store = yield* stubbornStore
      const { outbox } = yield* Effect.provide(outboxOver(), store.layer)
      yield* store.before(() => failing("append", true))
      yield* beside(outbox.send(order(1)))
      yield* TestClock.adjust("1 hour")
      const asked = store.asked.get("append") ?? 0
      assert.isAbove(asked, 3600 / 5)
      assert.isBelow(asked, 3600 / 5 + 10)
    }))

  it.effect("may do so at the start: the outbox begins as suspended", () =>
    Effect.gen(function*() {
      const store = yield* stubbornStore
      yield* store.before(() => failing("open", true, "connection refused"))
      const { outbox, server } = yield* Effect.provide(outboxOver(), store.layer)
      assert.strictEqual((yield* outbox.status)._tag, "Suspended")
      const sending = yield* beside(outbox.send(order(1)))
      const empty = yield* beside(outbox.awaitEmpty)
      yield* TestClock.adjust("1 minute")
      yield* store.before(() => Effect.void)
      yield* TestClock.adjust("5 seconds")
      assert.match(yield* Fiber.join(sending), /-1$/)
      const peer = yield* server.peer
      yield* settle
      yield* acknowledge(peer, 0)
      yield* Fiber.join(empty)
    }))

  it.effect("and that no retry helps fails the layer, or the sends from then on", () =>
    Effect.gen(function*() {
      const store = yield* stubbornStore
      yield* store.before(() => failing("open", false, "it is damaged"))
      const atStart = yield* Effect.flip(Effect.provide(outboxOver(), store.layer))
      assert.include(String(atStart), "it is damaged")
      yield* store.before(() => Effect.void)
      const { outbox } = yield* Effect.provide(outboxOver(), store.layer)
      const statuses = yield* collect(outbox.changes)
      yield* store.before(() => failing("append", false, "somebody else owns it"))
      const error = yield* Effect.flip(outbox.send(order(1)))
      assert.strictEqual(error.reason._tag, "StoreFailed")
      assert.include(error.message, "somebody else owns it")
      assert.strictEqual((yield* outbox.status)._tag, "Failed")
      assert.strictEqual((yield* Effect.flip(outbox.send(order(2)))).reason._tag, "StoreFailed")
      yield* settle
      assert.strictEqual(statuses.at(-1)?._tag, "Failed")
    }))

  it.effect("for good, since another process is the owner now, sends nothing again either", () =>
    inMemory(Effect.gen(function*() {
      const { outbox, server } = yield* outboxOver()
      const peer = yield* server.peer
      yield* outbox.send(order(1))
      yield* settle
      yield* (yield* OutboxStore.OutboxStore).open("orders")
      assert.strictEqual((yield* Effect.flip(outbox.send(order(2)))).reason._tag, "StoreFailed")
      yield* peer.drop
      yield* TestClock.adjust("1 second")
      const next = yield* server.peer
      yield* settle
      assert.deepStrictEqual(yield* counts(next), [])
    })))

  it.effect("to answer counts as failing after storeTimeout, and is asked again", () =>
    Effect.gen(function*() {
      const store = yield* stubbornStore
      const { outbox } = yield* Effect.provide(outboxOver({ storeTimeout: "2 seconds" }), store.layer)
      yield* store.before(() => Effect.never)
      const sending = yield* beside(outbox.send(order(1)))
      yield* TestClock.adjust("1999 millis")
      assert.strictEqual((yield* outbox.status)._tag, "Running")
      yield* TestClock.adjust("1 millis")
      const status = yield* outbox.status
      if (status._tag !== "Suspended") return assert.fail(status._tag)
      assert.include(status.cause.message, "no answer within 2s")
      yield* store.before(() => Effect.void)
      yield* TestClock.adjust("5 seconds")
      yield* Fiber.join(sending)
    }))
})

describe("a message that can be sent no more", () => {
  const Old = Schema.Struct({ item: Schema.String, count: Schema.Number })
  const New = Schema.Struct({ item: Schema.String, count: Schema.Number.check(Schema.isGreaterThan(1)) })

  const leaveThree = Effect.fnUntraced(function*(network: TestTransport.TestTransport) {
    yield* network.server.refuse("ECONNREFUSED")
    yield* Effect.scoped(Effect.gen(function*() {
      const { outbox } = yield* outboxOver({ schema: Old }, { network })
      for (const count of [2, 1, 3]) yield* outbox.send(order(count))
    }))
    yield* network.server.accept()
  })

  it.effect("holds up those after it, and says so in the status and the log", () =>
    inMemory(heard((lines) =>
      Effect.gen(function*() {
        const network = yield* TestTransport.make
        yield* leaveThree(network)
        const { outbox, server } = yield* outboxOver({ schema: New }, { network })
        const peer = yield* server.peer
        yield* outbox.send(order(4))
        yield* settle
        assert.deepStrictEqual(yield* counts(peer), [2])
        const status = yield* outbox.status
        if (status._tag !== "Blocked") return assert.fail(status._tag)
        assert.strictEqual(status.sequence, 2)
        assert.strictEqual(status.payload, "{\"item\":\"kelp\",\"count\":1}")
        assert.include(lines.join(), "message 2 of the outbox cannot be sent, and holds up those after it")
      })
    )))

  it.effect("goes to onUndeliverable, and those after it go on", () =>
    inMemory(Effect.gen(function*() {
      const network = yield* TestTransport.make
      yield* leaveThree(network)
      const letters: Array<Outbox.Undeliverable> = []
      const { outbox, server } = yield* outboxOver({
        schema: New,
        onUndeliverable: (letter) => Effect.sync(() => letters.push(letter))
      }, { network })
      const peer = yield* server.peer
      yield* settle
      assert.deepStrictEqual(yield* counts(peer), [2, 3])
      assert.deepStrictEqual(letters.map(({ payload, sequence }) => [sequence, payload]), [
        [2, "{\"item\":\"kelp\",\"count\":1}"]
      ])
      assert.deepStrictEqual(yield* outbox.status, { _tag: "Running", pending: 2, inFlight: 2 })
    })))

  it.effect("is kept where onUndeliverable fails", () =>
    inMemory(Effect.gen(function*() {
      const network = yield* TestTransport.make
      yield* leaveThree(network)
      const { outbox, server } = yield* outboxOver({
        schema: New,
        onUndeliverable: () => Effect.fail("no dead letters here")
      }, { network })
      const peer = yield* server.peer
      yield* settle
      assert.deepStrictEqual(yield* counts(peer), [2])
      assert.strictEqual((yield* outbox.status)._tag, "Blocked")
    })))
})
