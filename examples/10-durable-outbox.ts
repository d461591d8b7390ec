// Orders that may not be lost. They are written to a file before they are sent, sent again until the exchange has
// acknowledged them, and survive the process that accepted them: here there are two, one after the other.
//
//   npx node examples/10-durable-outbox.ts
import { NodeFileSystem, NodeRuntime } from "@effect/platform-node"
import { Console, Effect, FileSystem, Layer, Schema } from "effect"
import { Codec, Protocol } from "holdfast"
import { NodeProtocol } from "holdfast/node"
import { Outbox, OutboxStore } from "holdfast/outbox"
import { exchangeServer } from "./servers/exchange.ts"

const Order = Schema.Struct({ item: Schema.String, count: Schema.Number })

class Exchange extends Protocol.Service<Exchange>()("app/Exchange", {
  codec: Codec.json,
  incoming: Schema.Struct({ accepted: Schema.String }),
  outgoing: Schema.Struct({ id: Schema.String, ...Order.fields })
}) {}

class Orders extends Outbox.Service<Orders>()("app/Orders", {
  protocol: Exchange,
  schema: Order,
  // The id belongs to the message for good: the exchange knows by it what it has taken already.
  toOutgoing: (order, id) => ({ id, ...order }),
  ackOf: ({ accepted }) => accepted
}) {}

/** All that a process needs. */
const app = (url: string, directory: string) =>
  Orders.layer.pipe(
    Layer.provide(NodeProtocol.layer(Exchange, { url })),
    Layer.provide(OutboxStore.layerFile({ directory })),
    Layer.provide(NodeFileSystem.layer)
  )

const main = Effect.gen(function*() {
  const fs = yield* FileSystem.FileSystem
  const directory = yield* fs.makeTempDirectoryScoped()

  yield* Console.log("# The exchange is down, and orders are accepted all the same")
  yield* Effect.gen(function*() {
    const orders = yield* Orders
    yield* orders.send({ item: "kelp", count: 10 })
    yield* orders.send({ item: "dulse", count: 20 })
    yield* Console.log("accepted:", JSON.stringify(yield* orders.status))
  }).pipe(Effect.provide(app("ws://127.0.0.1:1", directory)))

  yield* Console.log("# The next process. The exchange is up, and the line is cut before its first answers")
  const server = yield* exchangeServer(2)
  yield* Effect.gen(function*() {
    const orders = yield* Orders
    yield* orders.send({ item: "nori", count: 30 })
    yield* orders.awaitEmpty
    yield* Console.log("left:", JSON.stringify(yield* orders.status))
  }).pipe(Effect.provide(app(server.url, directory)))

  yield* Console.log("the exchange has:", (yield* server.orders).join(", "))
  yield* Console.log(`orders that came twice: ${(yield* server.frames) - (yield* server.orders).length}`)
})

NodeRuntime.runMain(Effect.scoped(Effect.provide(main, NodeFileSystem.layer)))
