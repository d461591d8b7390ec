import { assert, describe, it } from "@effect/vitest"
import { Context, Duration, Effect, Fiber, Layer, Ref, Schedule, Stream } from "effect"
import { TestClock } from "effect/testing"
import * as Connection from "../src/Connection.ts"
import type { ConnectionError } from "../src/ConnectionError.ts"
import * as Handshake from "../src/Handshake.ts"
import * as Heartbeat from "../src/Heartbeat.ts"
import * as Reconnect from "../src/Reconnect.ts"
import * as TestTransport from "../src/testing/TestTransport.ts"
import { beside, collect, connect, failureOf, parts, settle, type Setup, tags } from "./support/connect.ts"

const invalid = (setup: Setup) =>
  Effect.gen(function*() {
    const { layer, server } = yield* parts(setup)
    const { reason } = yield* failureOf(
      Effect.scoped(Layer.build(Layer.provide(Connection.layer(setup.connection), layer)))
    )
    assert(reason._tag === "InvalidRequest")
    assert.strictEqual((yield* server.dials).length, 0)
    return reason
  })

const browser = { capabilities: { ping: false, pause: false, headers: false, response: false } }

describe("an option that can never work", () => {
  it.effect.each<[string, Setup]>([
    ["closeCode", { connection: { closeCode: 1006 } }],
    ["closeTimeout", { connection: { closeTimeout: 0 } }],
    ["start", { connection: { start: "later" as "lazy" } }],
    ["inbound.highWaterMark", { connection: { inbound: { highWaterMark: Number.NaN } } }],
    ["outbound.whileDisconnected", { connection: { outbound: { whileDisconnected: "wait" as "suspend" } } }],
    ["url", { handshake: { url: "ftp://server.test" } }],
    ["timeout", { handshake: { timeout: Duration.infinity } }],
    ["greetTimeout", { handshake: { greetTimeout: -1 } }],
    ["heartbeat.interval", { heartbeat: Heartbeat.layer({ interval: 0 }) }],
    ["reconnect.resetAfter", { reconnect: Reconnect.layer({ resetAfter: 0 }) }],
    ["reconnect.factor", { reconnect: Reconnect.layer({ schedule: Reconnect.schedule({ factor: Number.NaN }) }) }]
  ])("fails the layer with an InvalidRequest that names it: %s", ([option, setup]) =>
    Effect.gen(function*() {
      assert.strictEqual((yield* invalid(setup)).option, option)
    }))

  it.effect("a heartbeat of pings over a transport without them names layerMessage", () =>
    Effect.gen(function*() {
      const reason = yield* invalid({ transport: browser, heartbeat: Heartbeat.layer() })
      assert.strictEqual(reason.option, "heartbeat")
      assert.include(reason.problem, "layerMessage")
      const all = Heartbeat.all([Heartbeat.layerIdle({ within: "1 minute" }), Heartbeat.layer()])
      assert.strictEqual((yield* invalid({ transport: browser, heartbeat: all })).option, "heartbeat")
      const { connection } = yield* connect({
        transport: browser,
        heartbeat: Heartbeat.layerMessage({ message: "beat" })
      })
      yield* connection.awaitOpen
    }))

  it.effect("headers over a transport that cannot send them are refused, however they are made", () =>
    Effect.gen(function*() {
      const secret = "planted-secret"
      for (
        const handshake of [
          { headers: { authorization: secret } },
          { headers: Effect.succeed({ authorization: secret }) },
          { url: `ws://user:${secret}@server.test` }
        ]
      ) {
        const reason = yield* invalid({ transport: browser, handshake })
        assert.strictEqual(reason.option, "headers")
        assert.notInclude(reason.message, secret)
      }
      yield* Effect.flatMap(connect({ transport: browser, handshake: { headers: {} } }), (c) => c.connection.awaitOpen)
    }))
})

describe("start", () => {
  it.effect("eager, the default, returns at once and dials", () =>
    Effect.gen(function*() {
      const { connection, server } = yield* connect({ server: (server) => server.stall })
      assert.strictEqual((yield* connection.status)._tag, "Connecting")
      yield* settle
      assert.strictEqual((yield* server.dials).length, 1)
    }))

  const uses: Record<string, (connection: Connection.ConnectionService) => Effect.Effect<unknown, ConnectionError>> = {
    awaitOpen: (connection) => connection.awaitOpen,
    send: (connection) => connection.send("hello"),
    sendAll: (connection) => connection.sendAll(["hello"]),
    messages: (connection) => Stream.runDrain(connection.messages),
    subscribe: (connection) => Effect.scoped(connection.subscribe),
    listen: (connection) => Effect.scoped(connection.listen(() => {})),
    sessions: (connection) => Stream.runDrain(connection.sessions),
    withSessions: (connection) => connection.withSessions(() => Effect.never),
    reconnect: (connection) => connection.reconnect()
  }
  for (const [name, use] of Object.entries(uses)) {
    it.effect(`lazy dials at the first use: ${name}`, () =>
      Effect.gen(function*() {
        const { connection, server } = yield* connect({ connection: { start: "lazy" } })
        const statuses = yield* collect(connection.changes)
        yield* TestClock.adjust("1 hour")
        assert.strictEqual((yield* server.dials).length, 0)
        assert.deepStrictEqual(statuses, [{ _tag: "Connecting", attempt: 0 }])
        yield* beside(use(connection))
        yield* settle
        assert.deepStrictEqual((yield* server.dials).length, 1)
        assert.strictEqual((yield* connection.status)._tag, "Open")
      }))
  }

  it.effect("lazy and never used closes without a dial", () =>
    Effect.gen(function*() {
      const { connection, server } = yield* connect({ connection: { start: "lazy" } })
      const statuses = yield* collect(connection.changes)
      yield* connection.close()
      yield* settle
      assert.deepStrictEqual(tags(statuses), ["Connecting", "Closing", "Closed"])
      assert.strictEqual((yield* server.dials).length, 0)
    }))

  it.effect("awaitOpen waits for the first session", () =>
    Effect.gen(function*() {
      const building = yield* beside(connect({
        connection: { start: "awaitOpen" },
        server: (server) => server.next.refuse("ECONNREFUSED")
      }))
      yield* settle
      assert.isUndefined(building.pollUnsafe())
      yield* TestClock.adjust("1 second")
      const { connection } = yield* Fiber.join(building)
      assert.strictEqual((yield* connection.status)._tag, "Open")
    }))

  it.effect("awaitOpen fails the layer where no session ever opens", () =>
    Effect.gen(function*() {
      const { layer, server } = yield* parts({
        reconnect: Reconnect.layer({ schedule: Schedule.recurs(2) }),
        server: (server) => server.reject(502)
      })
      const error = yield* failureOf(
        Effect.scoped(Layer.build(Layer.provide(Connection.layer({ start: "awaitOpen" }), layer)))
      )
      assert(error.reason._tag === "HandshakeRejected" && error.reason.status === 502)
      assert.strictEqual((yield* server.dials).length, 3)
      assert.strictEqual(yield* server.openLinks, 0)
    }))
})

describe("a tag of one's own", () => {
  class Feed extends Connection.Service<Feed>()("app/Feed") {}
  class Orders extends Connection.Service<Orders>()("app/Orders") {}

  it.effect("is a connection of its own, whose key is the default name", () =>
    Effect.gen(function*() {
      const { layer, server } = yield* parts()
      const context = yield* Layer.build(
        Layer.provide(Layer.mergeAll(Feed.layer(), Orders.layer({ name: "orders" }), Connection.layer()), layer)
      )
      const [feed, orders] = [Context.get(context, Feed), Context.get(context, Orders)]
      yield* Effect.forEach([feed, orders], (connection) => connection.awaitOpen)
      assert.strictEqual((yield* server.dials).length, 3)
      assert.deepStrictEqual([feed.name, orders.name], ["app/Feed", "orders"])
      assert.strictEqual(Context.get(context, Connection.Connection).name, "ws://server.test/feed")
      yield* feed.close()
      assert.strictEqual((yield* orders.status)._tag, "Open")
    }))

  it.effect("a name that is not given is the key", () =>
    Effect.gen(function*() {
      const { layer } = yield* parts()
      const context = yield* Layer.build(Layer.provide(Feed.layer({ name: undefined }), layer))
      assert.strictEqual(Context.get(context, Feed).name, "app/Feed")
    }))

  it.effect("where the url is made at each attempt, the first endpoint names the connection for good", () =>
    Effect.gen(function*() {
      const { connection } = yield* connect({
        handshake: { url: ({ attempt }) => Effect.succeed(`ws://server.test/shard/${attempt}?token=t`) }
      })
      yield* connection.awaitOpen
      assert.strictEqual(connection.name, "ws://server.test/shard/1")
      yield* connection.reconnect()
      const session = yield* Effect.andThen(settle, connection.awaitOpen)
      assert.strictEqual(session.endpoint, "ws://server.test/shard/2")
      assert.strictEqual(connection.name, "ws://server.test/shard/1")
    }))

  it.effect("one Reconnect layer serves two connections independently", () =>
    Effect.gen(function*() {
      const reconnect = Reconnect.layer({ schedule: Schedule.spaced("1 second").pipe(Schedule.upTo({ times: 2 })) })
      const [a, b] = [yield* parts({ reconnect }), yield* parts({ reconnect })]
      const memo = yield* Layer.makeMemoMap
      const scope = yield* Effect.scope
      const [feed, orders] = yield* Effect.all([
        Effect.map(Layer.buildWithMemoMap(Layer.provide(Feed.layer(), a.layer), memo, scope), Context.get(Feed)),
        Effect.map(Layer.buildWithMemoMap(Layer.provide(Orders.layer(), b.layer), memo, scope), Context.get(Orders))
      ])
      yield* Effect.all([feed.awaitOpen, orders.awaitOpen])
      yield* a.server.refuse("ECONNREFUSED")
      yield* Effect.flatMap(a.server.peer, (peer) => peer.drop)
      yield* TestClock.adjust("10 seconds")
      assert.strictEqual((yield* feed.status)._tag, "Closed")
      // The other has both of its retries left.
      yield* b.server.next.refuse("ECONNREFUSED")
      yield* Effect.flatMap(b.server.peer, (peer) => peer.drop)
      yield* TestClock.adjust("10 seconds")
      assert.strictEqual((yield* orders.status)._tag, "Open")
    }))
})

describe("the programs that everybody writes", () => {
  it.effect("every part chosen, over the in-memory network", () =>
    Effect.gen(function*() {
      const { layer, server } = yield* TestTransport.make
      const tokens = yield* Ref.make(0)
      const freshToken = (_previous: unknown) => Effect.map(Ref.updateAndGet(tokens, (n) => n + 1), String)
      const seen: Array<unknown> = []
      const program = Effect.gen(function*() {
        const connection = yield* Connection.Connection
        yield* connection.send("hello")
        yield* Stream.runForEach(connection.messages, (message) => Effect.sync(() => seen.push(message)))
      })
      const ConnectionLayer = Connection.layer({ outbound: { whileDisconnected: "suspend" } }).pipe(
        Layer.provide([
          layer,
          Handshake.layer({
            url: "wss://feed.example/v2",
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
      const running = yield* beside(program.pipe(Effect.provide(ConnectionLayer)))
      const peer = yield* server.peer
      assert.strictEqual(yield* peer.receive, "{\"op\":\"identify\"}")
      yield* peer.send("ready")
      assert.strictEqual(yield* peer.receive, "hello")
      yield* peer.send("news")
      yield* settle
      assert.deepStrictEqual(seen, ["news"])
      const [dial] = yield* server.dials
      assert.strictEqual(dial?.request.headers["authorization"], "Bearer 1")
      yield* Fiber.interrupt(running)
      assert.strictEqual((yield* peer.closed).code, 1000)
    }))
})
