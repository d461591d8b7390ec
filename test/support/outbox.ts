// An outbox over the in-memory network, and a store whose every answer a test decides.
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import * as Codec from "../../src/Codec.ts"
import * as Outbox from "../../src/outbox/Outbox.ts"
import * as OutboxStore from "../../src/outbox/OutboxStore.ts"
import * as Protocol from "../../src/Protocol.ts"
import type { TestPeer } from "../../src/testing/TestServer.ts"
import type { TestTransport } from "../../src/testing/TestTransport.ts"
import { connect, connectTo, settle, type Setup } from "./connect.ts"

export const Order = Schema.Struct({ item: Schema.String, count: Schema.Number })
export type Order = typeof Order.Type

export const exchange = {
  codec: Codec.json,
  incoming: Schema.Struct({ ack: Schema.Union([Schema.String, Schema.Array(Schema.String)]) }),
  outgoing: Schema.Struct({ id: Schema.String, item: Schema.String, count: Schema.Finite })
} as const

export type Incoming = typeof exchange.incoming.Type
export type Outgoing = typeof exchange.outgoing.Type

export const options = {
  name: "orders",
  schema: Order,
  toOutgoing: (order: Order, id: string): Outgoing => ({ id, ...order }),
  ackOf: (incoming: Incoming) => incoming.ack
} as const

export const order = (count: number): Order => ({ item: "kelp", count })

type Some = Partial<Outbox.NamedOptions<Order, Incoming, Outgoing>>

/** An outbox over a connection to a new server, or to one that outlives it. */
export const outboxOver = Effect.fnUntraced(function*(
  some: Some = {},
  setup: Setup & { readonly network?: TestTransport } = {}
) {
  const { connection, server } = yield* setup.network === undefined ? connect(setup) : connectTo(setup.network, setup)
  const protocol = yield* Protocol.over(connection, exchange)
  const outbox = yield* Outbox.make({ ...options, protocol, ...some })
  return { connection, outbox, protocol, server }
})

/** What a peer has received: the numbers of the orders, in order. */
export const counts = (peer: TestPeer) =>
  Effect.map(peer.received, (frames) => frames.map((frame) => (JSON.parse(String(frame)) as Outgoing).count))

/** Acknowledges these of the frames that a peer has received, by their places. */
export const acknowledge = (peer: TestPeer, ...places: ReadonlyArray<number>) =>
  Effect.gen(function*() {
    const frames = yield* peer.received
    for (const place of places) {
      yield* peer.send(JSON.stringify({ ack: (JSON.parse(String(frames[place])) as Outgoing).id }))
    }
    yield* settle
  })

export interface StubbornStore {
  readonly layer: Layer.Layer<OutboxStore.OutboxStore>
  /** Runs before each operation from now on; its failure is the operation's. */
  readonly before: (
    run: (operation: OutboxStore.Operation) => Effect.Effect<void, OutboxStore.OutboxStoreError>
  ) => Effect.Effect<void>
  /** How often each operation was asked for. */
  readonly asked: Map<OutboxStore.Operation, number>
}

/** A store in memory that does what it is told to. */
export const stubbornStore: Effect.Effect<StubbornStore> = Effect.sync(() => {
  let before: Parameters<StubbornStore["before"]>[0] = () => Effect.void
  const asked = new Map<OutboxStore.Operation, number>()
  const guarded = <A>(operation: OutboxStore.Operation, effect: Effect.Effect<A, OutboxStore.OutboxStoreError>) =>
    Effect.suspend(() => {
      asked.set(operation, (asked.get(operation) ?? 0) + 1)
      return Effect.andThen(before(operation), effect)
    })
  const layer = Layer.effect(
    OutboxStore.OutboxStore,
    Effect.map(OutboxStore.OutboxStore, (store) => ({
      open: (name: string) =>
        Effect.suspend(() => {
          asked.set("open", (asked.get("open") ?? 0) + 1)
          return Effect.andThen(before("open"), store.open(name))
        }).pipe(
          Effect.map((log): OutboxStore.OutboxLog => ({
            ...log,
            append: (first, payloads) => guarded("append", log.append(first, payloads)),
            read: (from, limit) => guarded("read", log.read(from, limit)),
            ack: (sequences) => guarded("ack", log.ack(sequences))
          }))
        )
    }))
  ).pipe(Layer.provide(OutboxStore.layerMemory))
  return {
    layer,
    asked,
    before: (run) =>
      Effect.sync(() => {
        before = run
      })
  }
})

export const failing = (operation: OutboxStore.Operation, retryable: boolean, why = "no space left on device") =>
  Effect.fail(new OutboxStore.OutboxStoreError({ operation, cause: new Error(why), retryable }))
