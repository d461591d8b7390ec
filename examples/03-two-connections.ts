// Two connections in a larger app, each a service of its own: a feed of prices, and a desk that takes orders.
//
//   npx node examples/03-two-connections.ts [url]
import { NodeRuntime } from "@effect/platform-node"
import { Console, Context, Effect, Layer, Stream } from "effect"
import { Connection } from "holdfast"
import { NodeConnection } from "holdfast/node"
import { marketServer, type Order, type Price } from "./servers/market.ts"

// Same shape, two tags: what needs prices says so in its type, and cannot be given the order desk by mistake.
class Feed extends Connection.Service<Feed>()("app/Feed") {}
class Orders extends Connection.Service<Orders>()("app/Orders") {}

// The rest of the app knows a trader, and nothing of WebSockets.
class Trader extends Context.Service<Trader, {
  /** Orders whenever the price falls to the limit, so many times; then all orders are confirmed. */
  readonly buy: (symbol: string, limit: number, times: number) => Effect.Effect<void>
}>()("app/Trader") {
  static readonly layer = Layer.effect(
    Trader,
    Effect.gen(function*() {
      const feed = yield* Feed
      const orders = yield* Orders

      const order = Effect.fn("Trader.order")(function*(order: Order) {
        yield* Console.log(`ordering #${order.id}: ${order.symbol} at ${order.limit}`)
        yield* orders.send(JSON.stringify(order))
      })

      const bargains = (symbol: string, limit: number) =>
        feed.messages.pipe(
          Stream.map((message): Price => JSON.parse(String(message))),
          Stream.filter((quote) => quote.symbol === symbol && quote.price <= limit)
        )

      const confirmed = (times: number) =>
        orders.messages.pipe(
          Stream.take(times),
          Stream.runForEach((message) => Console.log("confirmed:", message))
        )

      return {
        buy: (symbol, limit, times) =>
          Effect.all([
            confirmed(times),
            bargains(symbol, limit).pipe(
              Stream.take(times),
              Stream.zipWithIndex,
              Stream.runForEach(([, index]) => order({ id: index + 1, symbol, limit }))
            )
          ], { concurrency: "unbounded", discard: true }).pipe(
            // Fails only if a connection gives up for good: then there is no trader without it.
            Effect.orDie
          )
      }
    })
  )
}

const connections = (url: string) =>
  Layer.merge(
    NodeConnection.layerFor(Feed, { url: `${url}/feed` }),
    // An order must not wait for better times: while disconnected, `send` fails at once.
    NodeConnection.layerFor(Orders, {
      url: `${url}/orders`,
      outbound: { whileDisconnected: "fail" },
      start: "awaitOpen"
    })
  )

const program = Effect.gen(function*() {
  const trader = yield* Trader
  yield* trader.buy("KELP", 100, 2)
})

const main = Effect.gen(function*() {
  const url = process.argv[2] ?? (yield* marketServer).url
  yield* Effect.provide(program, Layer.provide(Trader.layer, connections(url)))
  yield* Console.log("both connections are closed")
})

NodeRuntime.runMain(Effect.scoped(main))
