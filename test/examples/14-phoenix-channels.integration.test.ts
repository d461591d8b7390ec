import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Option, Redacted, Stream } from "effect"
import { NodeProtocol } from "holdfast/node"
import { asking, layer, makeSocket, Phoenix } from "../../examples/14-phoenix-channels.ts"
import { phoenixServer } from "../../examples/servers/phoenix.ts"
import { runToEnd } from "../support/exampleProcess.ts"
import { record, turn } from "../support/realConnection.ts"

const token = Redacted.make("of-today")

/** Waits until it holds, a turn of the event loop at a time. */
const eventually = (holds: Effect.Effect<boolean>): Effect.Effect<void> =>
  Effect.flatMap(holds, (yes) => yes ? Effect.void : Effect.andThen(turn, eventually(holds)))

describe("examples/14-phoenix-channels.ts", () => {
  it.live("runs: a channel is joined again after a crash, with a new join_ref", () =>
    Effect.gen(function*() {
      const { code, output } = yield* runToEnd("14-phoenix-channels.ts")
      assert.strictEqual(code, 0, output)
      assert.deepStrictEqual(output.split("\n").filter((line) => !line.includes("WARN")), [
        "phx_join: {\"price\":100}",
        "quote: {\"price\":101}",
        "phx_join: {\"price\":100}",
        "ordered: {\"limit\":90}",
        "joins: prices:kelp 1, prices:kelp 2",
        "SubscriptionRefused",
        ""
      ])
      assert.notInclude(output, "of-today")
    }))

  it.live("a push made while disconnected goes out after the rejoin, with the new join_ref", () =>
    Effect.gen(function*() {
      const server = yield* phoenixServer()
      yield* Effect.gen(function*() {
        const { connection } = yield* Phoenix
        const kelp = (yield* makeSocket()).channel("prices:kelp")
        const log = yield* record(kelp.messages)
        yield* log.count(1)
        const session = yield* connection.awaitOpen
        yield* server.drop
        yield* session.ended
        assert.deepStrictEqual(yield* kelp.push("order", { limit: 90 }), { limit: 90 })
        const joins = yield* server.joins
        assert.lengthOf(new Set(joins), 2)
        assert.deepStrictEqual(yield* server.orders, joins.slice(1))
      }).pipe(Effect.scoped, Effect.provide(layer({ url: server.url, token })))
    }))

  it.live("a push that was sent when its session ended is lost, and never sent twice", () =>
    Effect.gen(function*() {
      const server = yield* phoenixServer()
      yield* Effect.gen(function*() {
        const kelp = (yield* makeSocket()).channel("prices:kelp")
        const log = yield* record(kelp.messages)
        yield* log.count(1)
        const push = yield* Effect.forkChild(Effect.flip(kelp.push("silence", {})))
        yield* eventually(Effect.map(server.count("silence"), (count) => count === 1))
        yield* server.drop
        const error = yield* Fiber.join(push)
        assert.strictEqual(
          "delivery" in error ? `${error._tag}, ${error.delivery}` : error._tag,
          "RequestLost, unknown"
        )
        yield* log.count(2)
        assert.strictEqual(yield* server.count("silence"), 1)
      }).pipe(Effect.scoped, Effect.provide(layer({ url: server.url, token })))
    }))

  it.live("a channel that crashes is joined again, and the session goes on", () =>
    Effect.gen(function*() {
      const server = yield* phoenixServer()
      yield* Effect.gen(function*() {
        const { connection } = yield* Phoenix
        const kelp = (yield* makeSocket({ rejoinAfter: 20 })).channel("prices:kelp")
        const log = yield* record(kelp.messages)
        yield* log.count(1)
        yield* Effect.forkChild(Effect.ignore(kelp.push("crash", {})))
        yield* log.count(2)
        yield* server.broadcast("prices:kelp", "quote", { price: 101 })
        yield* log.count(3)
        assert.deepStrictEqual(log.all.map(({ event }) => event), ["phx_join", "phx_join", "quote"])
        assert.strictEqual((yield* connection.awaitOpen).id, 1)
      }).pipe(Effect.scoped, Effect.provide(layer({ url: server.url, token })))
    }))

  it.live("a channel that the server closes ends, and one that its reader leaves is left on the server", () =>
    Effect.gen(function*() {
      const server = yield* phoenixServer()
      yield* Effect.gen(function*() {
        const socket = yield* makeSocket()
        const kelp = socket.channel("prices:kelp")
        const log = yield* record(kelp.messages)
        yield* log.count(1)
        yield* Effect.forkChild(Effect.ignore(kelp.push("stop", {})))
        assert.strictEqual(yield* log.over, "done")

        const left = yield* server.count("phx_leave")
        yield* Stream.runDrain(Stream.takeUntil(socket.channel("prices:nori").messages, () => true))
        yield* eventually(Effect.map(server.count("phx_leave"), (count) => count === left + 1))
      }).pipe(Effect.scoped, Effect.provide(layer({ url: server.url, token })))
    }))

  it.live("an error for a push is PushFailed, and an error for a join is SubscriptionRefused", () =>
    Effect.gen(function*() {
      const server = yield* phoenixServer()
      yield* Effect.gen(function*() {
        const socket = yield* makeSocket()
        const kelp = socket.channel("prices:kelp")
        yield* record(kelp.messages)
        const failed = yield* Effect.flip(kelp.push("dance", {}))
        assert.strictEqual(failed.message, "dance: {\"reason\":\"unknown event\"}")
        for (const [topic, reason] of [["prices:coal", "unauthorized"], ["weather", "unmatched topic"]] as const) {
          const refused = yield* Effect.flip(Stream.runDrain(socket.channel(topic).messages))
          assert.strictEqual(refused._tag, "SubscriptionRefused")
          assert.include(refused.message, reason)
        }
      }).pipe(Effect.scoped, Effect.provide(layer({ url: server.url, token })))
    }))

  it.live("a 403 is final", () =>
    Effect.gen(function*() {
      const server = yield* phoenixServer()
      const error = yield* Effect.flatMap(Phoenix, ({ connection }) => Effect.flip(connection.await)).pipe(
        Effect.provide(layer({ url: server.url, token: Redacted.make("of-yesterday") }))
      )
      assert.strictEqual(error.reason._tag === "HandshakeRejected" ? error.reason.status : error.reason._tag, 403)
      assert.notInclude(String(error), "of-yesterday")
    }))

  it.live("heartbeats go out although the channel is busy, so the server does not close the socket", () =>
    Effect.gen(function*() {
      const server = yield* phoenixServer({ timeout: 2000 })
      const quote = server.broadcast("prices:kelp", "quote", { price: 101 })
      yield* Effect.forkScoped(Effect.forever(Effect.delay(quote, "5 millis")))
      yield* Effect.gen(function*() {
        const { connection } = yield* Phoenix
        const kelp = (yield* makeSocket({ beatEvery: 100 })).channel("prices:kelp")
        const log = yield* record(kelp.messages)
        // Three seconds, and the server would have cut it off after two.
        yield* eventually(Effect.map(server.count("heartbeat"), (count) => count >= 30))
        assert.strictEqual((yield* connection.awaitOpen).id, 1)
        assert.isAbove(log.all.length, 1)
      }).pipe(Effect.scoped, Effect.provide(layer({ url: server.url, token })))
    }))

  it.live("with Heartbeat.layerMessage alone, a busy channel has none, and the server closes the socket", () =>
    Effect.gen(function*() {
      const server = yield* phoenixServer({ timeout: 1000 })
      const quote = server.broadcast("prices:kelp", "quote", { price: 101 })
      yield* Effect.forkScoped(Effect.forever(Effect.delay(quote, "5 millis")))
      yield* Effect.gen(function*() {
        const { connection, send } = yield* Phoenix
        const session = yield* connection.awaitOpen
        yield* send(["1", "1", "prices:kelp", "phx_join", {}])
        const { reason } = yield* session.ended
        assert.strictEqual(reason._tag, "NormalClosure")
      }).pipe(Effect.provide(NodeProtocol.layer(Phoenix, {
        url: `${server.url}?vsn=2.0.0&token=of-today`,
        heartbeat: asking(500)
      })))
    }))

  it.live("a silent socket is asked, and the answer tells the round trip", () =>
    Effect.gen(function*() {
      const server = yield* phoenixServer()
      yield* Effect.gen(function*() {
        const { connection } = yield* Phoenix
        yield* eventually(
          Effect.map(connection.status, (status) => status._tag === "Open" && Option.isSome(status.rtt))
        )
      }).pipe(Effect.provide(NodeProtocol.layer(Phoenix, {
        url: `${server.url}?vsn=2.0.0&token=of-today`,
        heartbeat: asking(20)
      })))
    }))
})
