import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import { TestClock } from "effect/testing"
import * as Connection from "../../src/Connection.ts"
import * as Outbox from "../../src/outbox/Outbox.ts"
import * as OutboxStore from "../../src/outbox/OutboxStore.ts"
import * as Protocol from "../../src/Protocol.ts"
import * as TestTransport from "../../src/testing/TestTransport.ts"
import { beside, connectTo, parts, settle } from "../support/connect.ts"
import { acknowledge, counts, exchange, options, order, outboxOver, stubbornStore } from "../support/outbox.ts"

const inMemory = <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.provide(effect, OutboxStore.layerMemory)

/** Nothing is stored until the gate opens. */
const gated = Effect.gen(function*() {
  const store = yield* stubbornStore
  const gate = yield* Deferred.make<void>()
  const { outbox, server } = yield* Effect.provide(outboxOver(), store.layer)
  const peer = yield* server.peer
  yield* store.before((operation) => operation === "append" ? Deferred.await(gate) : Effect.void)
  return { gate, outbox, peer }
})

describe("sending", () => {
  it.effect("stores a message, gives it an id, and sends it with that", () =>
    inMemory(Effect.gen(function*() {
      const { outbox, server } = yield* outboxOver()
      const peer = yield* server.peer
      const id = yield* outbox.send(order(1))
      assert.match(id, /^[0-9a-f]{16}-1$/)
      assert.deepStrictEqual(JSON.parse(String(yield* peer.receive)), { id, item: "kelp", count: 1 })
      assert.deepStrictEqual(yield* outbox.status, { _tag: "Running", pending: 1, inFlight: 1 })
      yield* acknowledge(peer, 0)
      assert.deepStrictEqual(yield* outbox.status, { _tag: "Running", pending: 0, inFlight: 0 })
    })))

  it.effect("succeeds while there is no connection, and sends in order once there is one", () =>
    inMemory(Effect.gen(function*() {
      const { outbox, server } = yield* outboxOver({}, { server: (server) => server.refuse("ECONNREFUSED") })
      for (const count of [1, 2, 3]) yield* outbox.send(order(count))
      yield* server.accept()
      yield* TestClock.adjust("1 second")
      const peer = yield* server.peer
      yield* settle
      assert.deepStrictEqual(yield* counts(peer), [1, 2, 3])
    })))

  it.effect("sends no more than the window holds, until one of them is acknowledged", () =>
    inMemory(Effect.gen(function*() {
      const { outbox, server } = yield* outboxOver({ inFlight: 2 })
      const peer = yield* server.peer
      yield* Effect.forEach([1, 2, 3, 4], (count) => outbox.send(order(count)))
      yield* settle
      assert.deepStrictEqual(yield* counts(peer), [1, 2])
      assert.deepStrictEqual(yield* outbox.status, { _tag: "Running", pending: 4, inFlight: 2 })
      yield* acknowledge(peer, 1)
      yield* settle
      assert.deepStrictEqual(yield* counts(peer), [1, 2, 3])
      yield* acknowledge(peer, 0, 2)
      yield* settle
      assert.deepStrictEqual(yield* counts(peer), [1, 2, 3, 4])
    })))

  it.effect("stores what is sent at once as one batch", () =>
    Effect.gen(function*() {
      const store = yield* stubbornStore
      const { outbox } = yield* Effect.provide(outboxOver(), store.layer)
      yield* Effect.forEach(Array.from({ length: 100 }, (_, index) => order(index)), outbox.send, {
        concurrency: "unbounded"
      })
      assert.isAtMost(store.asked.get("append") ?? 0, 2)
    }))

  it.effect("fails what the schema of the messages refuses, and stores nothing", () =>
    inMemory(Effect.gen(function*() {
      const { outbox } = yield* outboxOver()
      const error = yield* Effect.flip(outbox.send({ item: "kelp", count: "many" as never }))
      assert.strictEqual(error.reason._tag, "Unencodable")
      assert.include(error.message, "outbox \"orders\": the message cannot be encoded: ")
      assert.include(error.message, "[\"count\"]")
      assert.deepStrictEqual(yield* outbox.status, { _tag: "Running", pending: 0, inFlight: 0 })
    })))

  it.effect("fails what the protocol could not send, and stores nothing", () =>
    inMemory(Effect.gen(function*() {
      const { outbox } = yield* outboxOver()
      const error = yield* Effect.flip(outbox.send({ item: "kelp", count: Number.NaN }))
      assert.strictEqual(error.reason._tag, "Unencodable")
      assert.deepStrictEqual(yield* outbox.status, { _tag: "Running", pending: 0, inFlight: 0 })
    })))

  it.effect("fails where toOutgoing throws, with what it threw", () =>
    inMemory(Effect.gen(function*() {
      const { outbox } = yield* outboxOver({
        toOutgoing: () => {
          throw new Error("no such customer")
        }
      })
      const error = yield* Effect.flip(outbox.send(order(1)))
      assert.include(error.message, "no such customer")
    })))

  it.effect("sends nothing where it is interrupted before its turn", () =>
    Effect.gen(function*() {
      const { gate, outbox, peer } = yield* gated
      const first = yield* beside(outbox.send(order(1)))
      yield* settle
      const second = yield* beside(outbox.send(order(2)))
      const third = yield* beside(outbox.send(order(3)))
      yield* settle
      yield* Fiber.interrupt(second)
      yield* Deferred.succeed(gate, undefined)
      yield* Fiber.join(first)
      yield* Fiber.join(third)
      yield* settle
      assert.deepStrictEqual(yield* counts(peer), [1, 3])
    }))

  it.effect("sends all the same where it is interrupted while it is being stored", () =>
    Effect.gen(function*() {
      const { gate, outbox, peer } = yield* gated
      const sending = yield* beside(outbox.send(order(1)))
      yield* settle
      yield* Fiber.interrupt(sending)
      yield* Deferred.succeed(gate, undefined)
      yield* settle
      assert.deepStrictEqual(yield* counts(peer), [1])
    }))

  it.effect("fails once the outbox is closed, also what waits", () =>
    Effect.gen(function*() {
      const store = yield* stubbornStore
      const { outbox, waiting } = yield* Effect.scoped(Effect.gen(function*() {
        const { outbox } = yield* Effect.provide(outboxOver(), store.layer)
        yield* store.before(() => Effect.never)
        const waiting = yield* Effect.forkDetach(Effect.flip(outbox.send(order(1))), { startImmediately: true })
        yield* settle
        return { outbox, waiting }
      }))
      assert.strictEqual((yield* Fiber.join(waiting)).reason._tag, "OutboxClosed")
      assert.strictEqual((yield* Effect.flip(outbox.send(order(2)))).reason._tag, "OutboxClosed")
      assert.strictEqual((yield* Effect.flip(outbox.awaitEmpty)).reason._tag, "OutboxClosed")
    }))
})

describe("acknowledgements", () => {
  it.effect("may name several messages, or all up to one", () =>
    inMemory(Effect.gen(function*() {
      const { outbox, server } = yield* outboxOver({
        ackOf: ({ ack }) => typeof ack === "string" ? { upTo: ack } : ack
      })
      const peer = yield* server.peer
      const ids = yield* Effect.forEach([1, 2, 3, 4, 5, 6], (count) => outbox.send(order(count)))
      yield* settle
      yield* peer.send(JSON.stringify({ ack: [ids[4], ids[1]] }))
      yield* settle
      assert.deepStrictEqual(yield* outbox.status, { _tag: "Running", pending: 4, inFlight: 4 })
      yield* peer.send(JSON.stringify({ ack: ids[3] }))
      yield* settle
      assert.deepStrictEqual(yield* outbox.status, { _tag: "Running", pending: 1, inFlight: 1 })
    })))

  it.effect("of what was not sent, or was acknowledged before, do nothing", () =>
    inMemory(Effect.gen(function*() {
      const { outbox, server } = yield* outboxOver()
      const peer = yield* server.peer
      yield* outbox.send(order(1))
      yield* settle
      yield* peer.send(JSON.stringify({ ack: "nobody-1" }))
      yield* acknowledge(peer, 0, 0)
      yield* acknowledge(peer, 0)
      assert.deepStrictEqual(yield* outbox.status, { _tag: "Running", pending: 0, inFlight: 0 })
    })))

  it.effect("name ids of the messages' own where there is idOf", () =>
    inMemory(Effect.gen(function*() {
      const { connection, server } = yield* connectTo(yield* TestTransport.make)
      const Own = Schema.Struct({ key: Schema.String, text: Schema.String })
      const protocol = yield* Protocol.over(connection, { ...exchange, outgoing: Own })
      const outbox = yield* Outbox.make({
        name: "own",
        protocol,
        schema: Own,
        idOf: ({ key }) => key,
        ackOf: ({ ack }) => ack
      })
      const peer = yield* server.peer
      assert.strictEqual(yield* outbox.send({ key: "a-1", text: "hello" }), "a-1")
      assert.deepStrictEqual(JSON.parse(String(yield* peer.receive)), { key: "a-1", text: "hello" })
      yield* peer.send(JSON.stringify({ ack: "a-1" }))
      yield* outbox.awaitEmpty
    })))

  it.effect("are awaited by awaitEmpty", () =>
    inMemory(Effect.gen(function*() {
      const { outbox, server } = yield* outboxOver()
      const peer = yield* server.peer
      yield* outbox.awaitEmpty
      yield* outbox.send(order(1))
      const empty = yield* beside(outbox.awaitEmpty)
      yield* settle
      assert.isUndefined(empty.pollUnsafe())
      yield* acknowledge(peer, 0)
      yield* Fiber.join(empty)
    })))
})

describe("a lost connection", () => {
  it.effect("has the whole unacknowledged window sent again, in order, before what comes next", () =>
    inMemory(Effect.gen(function*() {
      const { connection, outbox, server } = yield* outboxOver({ inFlight: 4 })
      const peer = yield* server.peer
      yield* Effect.forEach([1, 2, 3, 4, 5], (count) => outbox.send(order(count)))
      yield* settle
      yield* acknowledge(peer, 1)
      yield* settle
      assert.deepStrictEqual(yield* counts(peer), [1, 2, 3, 4, 5])
      yield* peer.drop
      yield* settle
      yield* outbox.send(order(6))
      yield* beside(connection.send(JSON.stringify({ id: "-", item: "-", count: 0 })))
      yield* TestClock.adjust("1 second")
      const next = yield* server.peer
      yield* settle
      assert.deepStrictEqual(yield* counts(next), [1, 3, 4, 5, 0])
      yield* acknowledge(next, 0, 1, 2, 3)
      yield* settle
      assert.deepStrictEqual(yield* counts(next), [1, 3, 4, 5, 0, 6])
    })))

  it.effect("while the window is being sent again does not lose or reorder it", () =>
    inMemory(Effect.gen(function*() {
      const { outbox, server } = yield* outboxOver({ inFlight: 3 }, {
        connection: { outbound: { highWaterMark: 60 } }
      })
      const peer = yield* server.peer
      yield* Effect.forEach([1, 2, 3], (count) => outbox.send(order(count)))
      yield* settle
      yield* peer.drop
      yield* TestClock.adjust("1 second")
      const second = yield* server.peer
      yield* second.pauseReading
      yield* settle
      yield* second.drop
      yield* TestClock.adjust("1 second")
      const third = yield* server.peer
      yield* settle
      assert.deepStrictEqual(yield* counts(third), [1, 2, 3])
    })))

  it.effect("is no reason to send what was acknowledged", () =>
    inMemory(Effect.gen(function*() {
      const { outbox, server } = yield* outboxOver()
      const peer = yield* server.peer
      yield* outbox.send(order(1))
      yield* settle
      yield* acknowledge(peer, 0)
      yield* peer.drop
      yield* TestClock.adjust("1 second")
      const next = yield* server.peer
      yield* outbox.send(order(2))
      yield* settle
      assert.deepStrictEqual(yield* counts(next), [2])
    })))
})

describe("the next process", () => {
  it.effect("begins with what the one before left, also beyond what is read at once", () =>
    inMemory(Effect.gen(function*() {
      const network = yield* TestTransport.make
      yield* network.server.refuse("ECONNREFUSED")
      yield* Effect.scoped(Effect.gen(function*() {
        const { outbox } = yield* outboxOver({}, { network })
        for (let count = 1; count <= 700; count++) yield* outbox.send(order(count))
      }))
      yield* network.server.accept()
      const { outbox } = yield* outboxOver({ inFlight: 1000 }, { network })
      const peer = yield* network.server.peer
      assert.strictEqual((yield* outbox.send(order(701))).split("-")[1], "701")
      for (let round = 0; round < 10; round++) yield* settle
      assert.deepStrictEqual(yield* counts(peer), Array.from({ length: 701 }, (_, index) => index + 1))
    })))

  it.effect("has a lazy connection dialled, and sends what is left before any other frame", () =>
    inMemory(Effect.gen(function*() {
      const network = yield* TestTransport.make
      yield* network.server.refuse("ECONNREFUSED")
      yield* Effect.scoped(Effect.gen(function*() {
        const { outbox } = yield* outboxOver({}, { network })
        yield* outbox.send(order(1))
      }))
      yield* network.server.accept()
      const { connection } = yield* outboxOver({}, { network, connection: { start: "lazy" } })
      yield* beside(connection.send(JSON.stringify({ id: "-", item: "-", count: 0 })))
      const peer = yield* network.server.peer
      yield* settle
      assert.deepStrictEqual(yield* counts(peer), [1, 0])
    })))

  it.effect("sends what is left into a session that is open already, too", () =>
    inMemory(Effect.gen(function*() {
      const { connection, server } = yield* connectTo(yield* TestTransport.make)
      yield* connection.awaitOpen
      const protocol = yield* Protocol.over(connection, exchange)
      const outbox = yield* Outbox.make({ ...options, protocol })
      yield* outbox.send(order(1))
      assert.strictEqual(JSON.parse(String(yield* (yield* server.peer).receive)).count, 1)
    })))
})

describe("tags and layers", () => {
  class Exchange extends Protocol.Service<Exchange>()("app/Exchange", exchange) {}
  class Orders extends Outbox.Service<Orders>()("app/Orders", {
    protocol: Exchange,
    schema: options.schema,
    toOutgoing: options.toOutgoing,
    ackOf: options.ackOf
  }) {}

  it.effect("Service makes a tag whose key is the outbox's name", () =>
    Effect.gen(function*() {
      const { layer, server } = yield* parts()
      const app = Orders.layer.pipe(
        Layer.provide(Exchange.layer),
        Layer.provide(Connection.layer()),
        Layer.provide([layer, OutboxStore.layerMemory])
      )
      yield* Effect.gen(function*() {
        const orders = yield* Orders
        assert.strictEqual(orders.name, "app/Orders")
        yield* orders.send(order(7))
        assert.strictEqual(JSON.parse(String(yield* (yield* server.peer).receive)).count, 7)
      }).pipe(Effect.provide(app))
    }))

  it.effect("layer provides Outbox, which takes what its schema takes", () =>
    Effect.gen(function*() {
      const { layer, server } = yield* parts()
      const app = Outbox.layer({ ...options, protocol: Exchange }).pipe(
        Layer.provide(Exchange.layer),
        Layer.provide(Connection.layer()),
        Layer.provide([layer, OutboxStore.layerMemory])
      )
      yield* Effect.gen(function*() {
        const outbox = yield* Outbox.Outbox
        assert.strictEqual((yield* Effect.flip(outbox.send("what?"))).reason._tag, "Unencodable")
        yield* outbox.send(order(7))
        assert.strictEqual(JSON.parse(String(yield* (yield* server.peer).receive)).count, 7)
      }).pipe(Effect.provide(app))
    }))
})
