import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Stream } from "effect"
import * as Config from "effect/Config"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Context from "effect/Context"
import * as Fiber from "effect/Fiber"
import * as Logger from "effect/Logger"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import type * as Scope from "effect/Scope"
// As users write it: the aliases of vitest.config.ts lead to the sources.
import { Connection, Handshake, Heartbeat, Reconnect } from "holdfast"
import { NodeConnection, NodeTransport } from "holdfast/node"
import type { ConnectionError } from "../../src/ConnectionError.ts"
import { opcode } from "../support/frames.ts"
import { beside, turns, until } from "../support/realConnection.ts"
import * as RealServer from "../support/realServer.ts"
import * as WsServer from "../support/wsServer.ts"

class Feed extends Connection.Service<Feed>()("app/Feed") {}
class Orders extends Connection.Service<Orders>()("app/Orders") {}

const useLayer = <A, E, R>(
  layer: Layer.Layer<R, E>,
  use: Effect.Effect<A, E | ConnectionError, R | Scope.Scope>
): Effect.Effect<A, E | ConnectionError, Scope.Scope> =>
  Effect.flatMap(Layer.build(Layer.fresh(layer)), (context) => Effect.provideContext(use, context))

describe("the programs of the README", () => {
  it.live("everything with defaults", () =>
    Effect.gen(function*() {
      const server = yield* WsServer.echo()
      const logged: Array<unknown> = []
      const program = Effect.gen(function*() {
        const connection = yield* Connection.Connection
        yield* connection.send("hello")
        yield* Stream.runForEach(connection.messages, (message) => Effect.log(message))
      })
      const main = yield* beside(
        program.pipe(
          Effect.provide([
            NodeConnection.layer({ url: server.url }),
            Logger.layer([Logger.make(({ message }) => void logged.push(message))])
          ])
        )
      )
      yield* until(() => logged.length > 0)
      assert.include(JSON.stringify(logged), "hello")
      yield* Fiber.interrupt(main)
    }))

  it.live("every part chosen", () =>
    Effect.gen(function*() {
      const server = yield* RealServer.make()
      const freshToken = (previous: Option.Option<ConnectionError>) =>
        Effect.succeed(Option.isNone(previous) ? "first" : "next")
      const ConnectionLayer = Connection.layer({ outbound: { whileDisconnected: "fail" } }).pipe(
        Layer.provide([
          NodeTransport.layer({ maxPayload: 1024 * 1024 }),
          Handshake.layer({
            url: `${server.url}v2`,
            subprotocols: ["feed.v2"],
            headers: ({ previous }) =>
              freshToken(previous).pipe(Effect.map((token) => ({ authorization: `Bearer ${token}` }))),
            greet: (session) =>
              Effect.gen(function*() {
                yield* session.send(JSON.stringify({ op: "identify" }))
                const reply = yield* session.receive
                if (reply !== "ready") return yield* Effect.fail("not ready")
              })
          }),
          Heartbeat.layer({ interval: "25 seconds", timeout: "15 seconds" }),
          Reconnect.layer({ schedule: Reconnect.defaultSchedule, resetAfter: "30 seconds" })
        ])
      )
      yield* useLayer(
        ConnectionLayer,
        Effect.gen(function*() {
          const connection = yield* Connection.Connection
          const peer = yield* server.peer
          assert.strictEqual(yield* peer.receive, "{\"op\":\"identify\"}")
          yield* peer.send("ready")
          const session = yield* connection.awaitOpen
          assert.deepStrictEqual(session.subprotocol, Option.some("feed.v2"))
          yield* connection.send("hello")
          assert.strictEqual(yield* peer.receive, "hello")
        })
      )
      const [asked] = yield* server.asked
      assert.deepStrictEqual([asked?.target, asked?.headers["authorization"]], ["/v2", "Bearer first"])
    }))
})

describe("NodeConnection", () => {
  it.live("layer is a connection with everything, and closes it with its scope", () =>
    Effect.gen(function*() {
      const server = yield* RealServer.make()
      yield* Effect.scoped(useLayer(
        NodeConnection.layer({ url: server.url, closeCode: 4001 }),
        Effect.flatMap(Connection.Connection, ({ awaitOpen }) => awaitOpen)
      ))
      const peer = yield* server.peer
      assert.strictEqual((yield* peer.closed).code, 4001)
      yield* server.idle
    }))

  it.live("one layer given twice is one socket, two inline calls are two", () =>
    Effect.gen(function*() {
      const server = yield* RealServer.make()
      const open = Effect.flatMap(Connection.Connection, ({ awaitOpen }) => awaitOpen)
      const one = NodeConnection.layer({ url: server.url })
      yield* Effect.scoped(Effect.andThen(
        Effect.all([open, open]).pipe(Effect.provide(one)),
        Effect.void
      ))
      assert.strictEqual((yield* server.dials).length, 1)
      yield* Effect.all([
        Effect.provide(open, NodeConnection.layer({ url: server.url })),
        Effect.provide(open, NodeConnection.layer({ url: server.url }))
      ])
      assert.strictEqual((yield* server.dials).length, 3)
    }))

  it.live("make holds several connections in one scope, each with parts of its own", () =>
    Effect.gen(function*() {
      const server = yield* WsServer.echo()
      const connections = yield* Effect.forEach(["a", "b", "c"], (path) =>
        NodeConnection.make({ url: `${server.url}${path}` }))
      for (const connection of connections) {
        yield* connection.awaitOpen
      }
      assert.strictEqual(server.server.clients.size, 3)
      yield* connections[0]!.close()
      yield* connections[1]!.send("still there")
      assert.deepStrictEqual(
        connections.map(({ name }) =>
          name
        ),
        ["a", "b", "c"].map((path) => server.url + path)
      )
    }))

  it.live("layerFor gives a tag of one's own, so that two connections live in one program", () =>
    Effect.gen(function*() {
      const feed = yield* RealServer.make()
      const orders = yield* RealServer.make()
      const layer = Layer.merge(
        NodeConnection.layerFor(Feed, { url: feed.url }),
        NodeConnection.layerFor(Orders, { url: orders.url })
      )
      yield* useLayer(
        layer,
        Effect.gen(function*() {
          yield* (yield* Feed).send("to the feed")
          yield* (yield* Orders).send("to the orders")
          assert.strictEqual(yield* (yield* feed.peer).receive, "to the feed")
          assert.strictEqual(yield* (yield* orders.peer).receive, "to the orders")
          assert.deepStrictEqual([(yield* Feed).name, (yield* Orders).name], ["app/Feed", "app/Orders"])
        })
      )
    }))

  it.live("parts serve a connection that is composed by hand, and two of them", () =>
    Effect.gen(function*() {
      const server = yield* RealServer.make()
      const parts = NodeConnection.parts({ url: server.url, heartbeat: false })
      yield* useLayer(
        Layer.mergeAll(Feed.layer(), Orders.layer({ start: "lazy" })).pipe(Layer.provide(parts)),
        Effect.gen(function*() {
          yield* (yield* Feed).awaitOpen
          assert.strictEqual((yield* server.dials).length, 1)
          yield* (yield* Orders).awaitOpen
          assert.strictEqual((yield* server.dials).length, 2)
        })
      )
    }))

  it.live("layerConfig reads its options from Config; what is no data is given beside it and wins", () =>
    Effect.gen(function*() {
      const server = yield* RealServer.make()
      const layer = NodeConnection.layerConfig(
        {
          url: Config.Redacted("FEED_URL"),
          name: Config.String("FEED_NAME"),
          headers: { authorization: Config.Redacted("FEED_TOKEN"), "x-client": Config.String("CLIENT") },
          subprotocols: Config.map(Config.String("FEED_PROTOCOL"), (one) => [one]),
          timeout: Config.Duration("FEED_TIMEOUT"),
          inbound: { highWaterMark: Config.Int("FEED_MARK") },
          closeCode: Config.Int("FEED_CLOSE")
        },
        { greet: (session) => session.send("hello"), closeCode: 4002 }
      ).pipe(Layer.provide(ConfigProvider.layer(ConfigProvider.fromUnknown({
        FEED_URL: `${server.url}feed?token=1`,
        FEED_NAME: "prices",
        FEED_TOKEN: "Bearer secret",
        CLIENT: "holdfast",
        FEED_PROTOCOL: "feed.v3",
        FEED_TIMEOUT: "3 seconds",
        FEED_MARK: "4096",
        FEED_CLOSE: "4001"
      }))))
      yield* Effect.scoped(useLayer(
        layer,
        Effect.gen(function*() {
          const connection = yield* Connection.Connection
          const session = yield* connection.awaitOpen
          assert.strictEqual(connection.name, "prices")
          assert.deepStrictEqual(session.subprotocol, Option.some("feed.v3"))
        })
      ))
      const peer = yield* server.peer
      assert.strictEqual(yield* peer.receive, "hello")
      assert.strictEqual((yield* peer.closed).code, 4002)
      const [asked] = yield* server.asked
      assert(asked !== undefined)
      assert.strictEqual(asked.target, "/feed?token=1")
      assert.strictEqual(asked.headers["authorization"], "Bearer secret")
      assert.strictEqual(asked.headers["x-client"], "holdfast")
    }))

  it.live("layerConfig takes a single Config of all options, too", () =>
    Effect.gen(function*() {
      const server = yield* RealServer.make()
      const layer = NodeConnection.layerConfig(
        Config.map(Config.String("URL"), (url): NodeConnection.ConfigOptions => ({
          url,
          heartbeat: false,
          reconnect: false
        }))
      ).pipe(Layer.provide(ConfigProvider.layer(ConfigProvider.fromUnknown({ URL: server.url }))))
      yield* useLayer(layer, Effect.flatMap(Connection.Connection, ({ awaitOpen }) => awaitOpen))
    }))

  it.live("the default heartbeat is on: a ping goes out; with heartbeat false none does", () =>
    Effect.gen(function*() {
      const server = yield* RealServer.make()
      yield* NodeConnection.make({ url: server.url, heartbeat: { interval: "30 millis" } })
      const beating = yield* server.peer
      yield* NodeConnection.make({ url: server.url, heartbeat: false })
      const silent = yield* server.peer
      for (let i = 0; i < 5; i++) yield* beating.frameThat((frame) => frame.opcode === opcode.ping)
      yield* Effect.sleep("100 millis")
      assert.deepStrictEqual(yield* silent.frames, [])
    }))

  it.live("with reconnect false the first failure is the last", () =>
    Effect.gen(function*() {
      const server = yield* RealServer.make()
      const connection = yield* NodeConnection.make({ url: server.url, reconnect: false })
      const peer = yield* server.peer
      yield* connection.awaitOpen
      yield* peer.drop
      assert.strictEqual((yield* Effect.flip(connection.await)).reason._tag, "AbnormalClosure")
      yield* turns(5)
      assert.strictEqual((yield* server.dials).length, 1)
    }))

  it.live("start: awaitOpen fails the layer at boot when no session ever opens", () =>
    Effect.gen(function*() {
      const server = yield* RealServer.make()
      yield* server.reject(403)
      const error = yield* Effect.flip(Layer.build(NodeConnection.layer({ url: server.url, start: "awaitOpen" })))
      assert.strictEqual(error.reason._tag, "HandshakeRejected")
      yield* server.accept()
      const context = yield* Layer.build(NodeConnection.layer({ url: server.url, start: "awaitOpen" }))
      const status = yield* Context.get(context, Connection.Connection).status
      assert.strictEqual(status._tag, "Open")
    }))

  it.live("start: lazy dials at the first use", () =>
    Effect.gen(function*() {
      const server = yield* RealServer.make()
      const connection = yield* NodeConnection.make({ url: server.url, start: "lazy" })
      yield* turns(20)
      assert.deepStrictEqual(yield* server.dials, [])
      yield* connection.send("now")
      assert.strictEqual(yield* (yield* server.peer).receive, "now")
    }))

  it.live.each([
    { given: "userinfo alone", headers: {}, expected: `Basic ${btoa("user:pass")}` },
    { given: "an Authorization header beside it", headers: { Authorization: "Bearer t" }, expected: "Bearer t" },
    {
      given: "a redacted one in lower case",
      headers: { authorization: Redacted.make("Bearer r") },
      expected: "Bearer r"
    }
  ])(
    "an Authorization header wins over userinfo in the url: $given",
    ({ expected, headers }) =>
      Effect.gen(function*() {
        const server = yield* RealServer.make()
        const connection = yield* NodeConnection.make({
          url: server.url.replace("ws://", "ws://user:pass@"),
          headers,
          reconnect: false
        })
        const session = yield* connection.awaitOpen
        assert.strictEqual(session.endpoint, server.url)
        assert.deepStrictEqual((yield* server.asked).map((asked) => asked.headers["authorization"]), [expected])
      })
  )

  it.live("a defect in the user's own effect closes the connection, and whatever waits dies with it", () =>
    Effect.gen(function*() {
      const server = yield* RealServer.make()
      const silence = Logger.layer([])
      const made = yield* NodeConnection.make({
        url: server.url,
        headers: () => Effect.die(new Error("a bug"))
      }).pipe(Effect.provide(silence))
      for (
        const waiting of [made.await, Effect.asVoid(made.awaitOpen), made.send("x"), Stream.runDrain(made.messages)]
      ) {
        const defect = yield* Effect.flip(Effect.catchDefect(waiting, (defect) => Effect.fail(defect)))
        assert.strictEqual(Reflect.get(Object(defect), "message"), "a bug")
      }
      assert.strictEqual((yield* made.status)._tag, "Closed")
    }))
})
