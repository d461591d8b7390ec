// The client of examples/15-graphql.ts against `graphql-ws` itself.
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Redacted, Stream } from "effect"
import { NodeProtocol } from "holdfast/node"
import { classify, GraphQl, layer, makeClient } from "../../examples/15-graphql.ts"
import { graphqlServer } from "../../examples/servers/graphql.ts"
import { runToEnd } from "../support/exampleProcess.ts"
import { turn } from "../support/realConnection.ts"

const good = Effect.succeed(Redacted.make("of-today"))
const prices = { query: "subscription { prices(symbol: \"KELP\") { price } }" }
const kelp = { query: "{ price(symbol: \"KELP\") { price } }" }

/** Waits until it holds, a turn of the event loop at a time. */
const eventually = (holds: Effect.Effect<boolean>): Effect.Effect<void> =>
  Effect.flatMap(holds, (yes) => yes ? Effect.void : Effect.andThen(turn, eventually(holds)))

/** The close code with which the connection gave up. */
const gaveUpWith = Effect.gen(function*() {
  const { connection } = yield* GraphQl
  const { reason } = yield* Effect.flip(connection.await)
  return reason._tag === "ApplicationClose" ? reason.code : reason._tag
})

describe("examples/15-graphql.ts", () => {
  it.live("runs: queries, a mutation, and subscriptions that end by themselves or survive a crash", () =>
    Effect.gen(function*() {
      const { code, output } = yield* runToEnd("15-graphql.ts")
      assert.strictEqual(code, 0, output)
      const lines = output.split("\n").filter((line) => !line.includes("WARN"))
      assert.deepStrictEqual(lines.slice(0, 10), [
        "query: {\"price\":{\"symbol\":\"KELP\",\"price\":100}}",
        "query failed: COAL is no seaweed",
        "mutation: {\"order\":1}",
        "countdown: {\"countdown\":3}",
        "countdown: {\"countdown\":2}",
        "countdown: {\"countdown\":1}",
        "the server has completed the countdown",
        "price: {\"prices\":{\"price\":100}}",
        "price: {\"prices\":{\"price\":101}}",
        "price: {\"prices\":{\"price\":102}}"
      ])
      // Begun anew after the crash.
      assert.include(lines.slice(10), "price: {\"prices\":{\"price\":100}}")
      assert.notInclude(output, "of-today")
    }))

  it.live("a subscription is opened again after a crash, and closed on the server when its reader leaves", () =>
    Effect.gen(function*() {
      const server = yield* graphqlServer()
      yield* Effect.gen(function*() {
        const client = yield* makeClient
        let firsts = 0
        yield* client.subscribe(prices).pipe(
          Stream.tap(({ data }) =>
            (data as { prices: { price: number } }).prices.price === 100 && firsts++ === 0 ? server.drop : Effect.void
          ),
          Stream.takeUntil(() => firsts === 2),
          Stream.runDrain
        )
        assert.strictEqual(yield* server.count("subscribe"), 2)
        yield* eventually(Effect.map(server.running, (running) => running === 0))
        yield* eventually(Effect.map(server.count("complete"), (completed) => completed === 1))
        // It has let go of the subscription only: the connection goes on.
        assert.deepStrictEqual(yield* client.query(kelp), { price: { price: 100 } })
      }).pipe(Effect.scoped, Effect.provide(layer({ url: server.url, token: good })))
    }))

  it.live("a result with errors ends no subscription, and an operation that is not valid ends only itself", () =>
    Effect.gen(function*() {
      const server = yield* graphqlServer()
      yield* Effect.gen(function*() {
        const client = yield* makeClient
        const results = yield* client.subscribe({ query: "subscription { prices(symbol: \"NORI\") { price } }" }).pipe(
          Stream.take(3),
          Stream.runCollect
        )
        assert.deepStrictEqual(results.map(({ data, errors }) => [data, errors?.map(({ message }) => message)]), [
          [{ prices: { price: 100 } }, undefined],
          [{ prices: { price: null } }, ["no price yet"]],
          [{ prices: { price: 102 } }, undefined]
        ])
        const failures = yield* Effect.all([
          Effect.flip(client.query({ query: "{ nothing }" })),
          Effect.flip(Stream.runDrain(client.subscribe({ query: "subscription { nothing }" })))
        ])
        for (const error of failures) {
          assert.strictEqual(error._tag, "OperationFailed")
          assert.match(error.message, /Cannot query field "nothing"/)
        }
        assert.deepStrictEqual(yield* client.query(kelp), { price: { price: 100 } })
      }).pipe(Effect.scoped, Effect.provide(layer({ url: server.url, token: good })))
    }))

  it.live("a query that is interrupted is cancelled on the server", () =>
    Effect.gen(function*() {
      const server = yield* graphqlServer()
      yield* Effect.gen(function*() {
        const client = yield* makeClient
        const fiber = yield* Effect.forkChild(client.query({ query: "{ stuck }" }))
        yield* eventually(Effect.map(server.count("subscribe"), (asked) => asked === 1))
        yield* Fiber.interrupt(fiber)
        yield* eventually(Effect.map(server.count("complete"), (completed) => completed === 1))
      }).pipe(Effect.scoped, Effect.provide(layer({ url: server.url, token: good })))
    }))

  it.live("a query is asked again after a crash, a mutation is not", () =>
    Effect.gen(function*() {
      const server = yield* graphqlServer()
      yield* Effect.gen(function*() {
        const client = yield* makeClient
        const query = yield* Effect.forkChild(client.query({ query: "{ stuck }" }))
        const mutation = yield* Effect.forkChild(Effect.flip(client.mutate({ query: "mutation { stuck }" })))
        yield* eventually(Effect.map(server.count("subscribe"), (asked) => asked === 2))
        yield* server.drop
        const error = yield* Fiber.join(mutation)
        assert.strictEqual(
          "delivery" in error ? `${error._tag}, ${error.delivery}` : error._tag,
          "RequestLost, unknown"
        )
        yield* eventually(Effect.map(server.count("subscribe"), (asked) => asked === 3))
        yield* Fiber.interrupt(query)
      }).pipe(Effect.scoped, Effect.provide(layer({ url: server.url, token: good })))
    }))

  it.live("pings go both ways, and each is answered", () =>
    Effect.gen(function*() {
      const server = yield* graphqlServer()
      yield* Effect.gen(function*() {
        const client = yield* makeClient
        const { connection } = yield* GraphQl
        yield* client.query(kelp)
        yield* server.ping({ sent: "by the server" })
        yield* eventually(Effect.map(server.count("pong", { sent: "by the server" }), (pongs) => pongs === 1))
        yield* eventually(Effect.map(server.count("ping"), (pings) => pings > 0))
        // The answer was taken for one.
        yield* eventually(
          Effect.map(connection.status, (status) => status._tag === "Open" && status.rtt._tag === "Some")
        )
      }).pipe(Effect.scoped, Effect.provide(layer({ url: server.url, token: good, pingEvery: 20 })))
    }))

  it.live("an acknowledgement that does not come is a HandshakeTimeout of phase greet, and another attempt follows", () =>
    Effect.gen(function*() {
      const server = yield* graphqlServer()
      yield* server.acknowledge(false)
      yield* Effect.gen(function*() {
        const { connection } = yield* GraphQl
        const failed = yield* connection.events.pipe(
          Stream.filter((event) => event._tag === "AttemptFailed"),
          Stream.runHead,
          Effect.forkChild({ startImmediately: true })
        )
        const event = yield* Effect.flatMap(Fiber.join(failed), Effect.fromOption)
        const { reason } = event.error
        assert.strictEqual(reason._tag === "HandshakeTimeout" ? reason.phase : reason._tag, "greet")
        yield* server.acknowledge(true)
        yield* connection.awaitOpen
      }).pipe(Effect.provide(layer({ url: server.url, token: good, greetTimeout: 300 })))
    }))

  it.live("after 4403 one attempt follows with a fresh token, and a second 4403 is final", () =>
    Effect.gen(function*() {
      const server = yield* graphqlServer()
      yield* server.rotate("of-tomorrow")
      const tokens = ["of-today", "of-tomorrow"].map((token) => Redacted.make(token))
      const next = Effect.sync(() => tokens.shift() ?? Redacted.make("none"))
      yield* Effect.flatMap(GraphQl, ({ connection }) => connection.awaitOpen).pipe(
        Effect.provide(layer({ url: server.url, token: next }))
      )
      assert.strictEqual(yield* server.count("connection_init"), 2)

      const code = yield* Effect.provide(gaveUpWith, layer({ url: server.url, token: next }))
      assert.strictEqual(code, 4403)
      assert.strictEqual(yield* server.count("connection_init"), 4)
    }))

  it.live("after 4408 another attempt follows", () =>
    Effect.gen(function*() {
      const server = yield* graphqlServer({ initTimeout: 300 })
      const ends: Array<unknown> = []
      let attempts = 0
      const slowOnce = Effect.suspend(() => attempts++ === 0 ? Effect.never : good)
      yield* Effect.gen(function*() {
        const { connection } = yield* GraphQl
        yield* connection.events.pipe(
          Stream.runForEach((event) =>
            Effect.sync(() => event._tag === "AttemptFailed" && ends.push(event.error.reason.message))
          ),
          Effect.forkChild({ startImmediately: true })
        )
        yield* connection.awaitOpen
      }).pipe(Effect.provide(layer({ url: server.url, token: slowOnce })))
      assert.strictEqual(attempts, 2)
      assert.lengthOf(ends, 1)
      assert.match(String(ends[0]), /4408/)
    }))

  it.live.each([4500, 4499, 1011, 1012])(
    "after %i from the server another session follows",
    (code) =>
      Effect.gen(function*() {
        const server = yield* graphqlServer()
        yield* Effect.gen(function*() {
          const { connection } = yield* GraphQl
          const first = yield* connection.awaitOpen
          yield* server.close(code)
          yield* first.ended
          yield* connection.reconnect({ respectFloor: false })
          assert.strictEqual((yield* connection.awaitOpen).id, 2)
        }).pipe(Effect.provide(layer({ url: server.url, token: good })))
      })
  )

  const subscribe = { type: "subscribe", id: "1", payload: prices } as const
  const mistakes: ReadonlyArray<readonly [code: number, what: string, messages: ReadonlyArray<object>]> = [
    [4400, "a message that is none", [{ type: "hello" }]],
    [4409, "an id that is in use", [subscribe, subscribe]],
    [4429, "a second connection_init", [{ type: "connection_init" }]]
  ]
  it.live.each(mistakes)("%i, %s, stops at once", ([code, _what, messages]) =>
    Effect.gen(function*() {
      const server = yield* graphqlServer()
      yield* Effect.gen(function*() {
        const { connection } = yield* GraphQl
        yield* connection.sendAll(messages.map((message) => JSON.stringify(message)))
        assert.strictEqual(yield* gaveUpWith, code)
        assert.strictEqual(yield* server.count("connection_init"), messages.length === 1 && code === 4429 ? 2 : 1)
      }).pipe(Effect.provide(layer({ url: server.url, token: good })))
    }))

  it.live("4401, an operation before the acknowledgement, stops at once", () =>
    Effect.gen(function*() {
      const server = yield* graphqlServer()
      yield* Effect.gen(function*() {
        const protocol = yield* GraphQl
        yield* protocol.send(subscribe)
        assert.strictEqual(yield* gaveUpWith, 4401)
      }).pipe(Effect.provide(NodeProtocol.layer(GraphQl, {
        url: server.url,
        subprotocols: ["graphql-transport-ws"],
        reconnect: { classify }
      })))
    }))

  it.live("a message of the server's that is none ends the session with 4400, and stops", () =>
    Effect.gen(function*() {
      const server = yield* graphqlServer()
      yield* Effect.gen(function*() {
        const client = yield* makeClient
        yield* client.query(kelp)
        yield* server.babble
        assert.strictEqual(yield* gaveUpWith, 4400)
        const error = yield* Effect.flip(client.query(kelp))
        assert.notStrictEqual(error._tag, "RequestTimedOut")
      }).pipe(Effect.scoped, Effect.provide(layer({ url: server.url, token: good })))
    }))
})
