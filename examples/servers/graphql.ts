// A market that speaks GraphQL over WebSocket: `graphql-ws` itself, the reference server of the protocol
// (https://github.com/graphql/graphql-over-http, `graphql-transport-ws`; PROTOCOL.md of the package has the rules), over
// a schema of `graphql`. Who comes in shows a token in `connection_init`; who has the wrong one is told 4403.
import { Effect } from "effect"
import { buildSchema, GraphQLError } from "graphql"
import { useServer } from "graphql-ws/use/ws"
import { setTimeout } from "node:timers/promises"
import { isDeepStrictEqual } from "node:util"
import { listen, textOf } from "./listen.ts"

const schema = buildSchema(`
  type Price { symbol: String!, price: Int }
  type Query { price(symbol: String!): Price, stuck: Int }
  type Mutation { order(symbol: String!, limit: Int!): Int!, stuck: Int }
  type Subscription {
    "Without end."
    prices(symbol: String!): Price!
    "Ends by itself."
    countdown(from: Int!): Int!
  }
`)

export interface MarketOptions {
  /** How long a client may take for its `connection_init`. The package's own default is 3 seconds. */
  readonly initTimeout?: number | undefined
}

interface Received {
  readonly type: string
  readonly payload?: unknown
}

export const graphqlServer = (options: MarketOptions = {}) =>
  Effect.gen(function*() {
    const tokens = new Set(["of-today"])
    const received: Array<Received> = []
    const sockets = new Set<{ send: (data: string) => void; close: (code: number, reason: string) => void }>()
    let acknowledges = true
    let orders = 0
    let running = 0

    const rootValue = {
      price: ({ symbol }: { symbol: string }) => {
        if (symbol === "COAL") throw new GraphQLError("COAL is no seaweed", { extensions: { code: "UNKNOWN_SYMBOL" } })
        return { symbol, price: 100 }
      },
      stuck: () => new Promise(() => {}),
      order: () => ++orders,
      async *prices({ symbol }: { symbol: string }) {
        running++
        try {
          for (let price = 100;; price++) {
            // Not every day has a price: a result with an error among others.
            const isMissing = symbol === "NORI" && price === 101
            yield { prices: { symbol, price: isMissing ? () => Promise.reject(new Error("no price yet")) : price } }
            await setTimeout(20)
          }
        } finally {
          running--
        }
      },
      async *countdown({ from }: { from: number }) {
        for (let left = from; left > 0; left--) yield { countdown: left }
      }
    }

    const server = yield* listen({
      onServer: (server) => {
        useServer({
          schema,
          roots: { query: rootValue, mutation: rootValue, subscription: rootValue },
          connectionInitWaitTimeout: options.initTimeout ?? 3000,
          // False is 4403; a promise that stays open is an acknowledgement that does not come.
          onConnect: ({ connectionParams }) => {
            if (!acknowledges) return new Promise<boolean>(() => {})
            return tokens.has(String(connectionParams?.["token"]))
          }
        }, server)
        server.on("connection", (socket) => {
          sockets.add(socket)
          socket.on("message", (data) => received.push(JSON.parse(textOf(data))))
          socket.on("close", () => sockets.delete(socket))
        })
      }
    })

    return {
      ...server,
      /** Makes another token the only good one. */
      rotate: (token: string) =>
        Effect.sync(() => {
          tokens.clear()
          tokens.add(token)
        }),
      /** Whether `connection_init` is answered from now on. */
      acknowledge: (yes: boolean) =>
        Effect.sync(() => {
          acknowledges = yes
        }),
      /** The server's own `ping` of the protocol, which the package leaves to its users. */
      ping: (payload: Record<string, unknown>) =>
        Effect.sync(() => {
          for (const socket of sockets) socket.send(JSON.stringify({ type: "ping", payload }))
        }),
      /** Sends everybody what is no message of the protocol. */
      babble: Effect.sync(() => {
        for (const socket of sockets) socket.send(JSON.stringify({ type: "hello" }))
      }),
      close: (code: number) =>
        Effect.sync(() => {
          for (const socket of sockets) socket.close(code, "as told")
        }),
      /** How many such messages have come in. */
      count: (type: string, payload?: unknown) =>
        Effect.sync(() =>
          received.filter((message) =>
            message.type === type && (payload === undefined || isDeepStrictEqual(message.payload, payload))
          ).length
        ),
      /** Subscriptions to prices that run now. */
      running: Effect.sync(() => running)
    }
  })
