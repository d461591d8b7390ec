import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Config from "effect/Config"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import * as Connection from "../../src/Connection.ts"
import { ConnectionError } from "../../src/ConnectionError.ts"
import * as Handshake from "../../src/Handshake.ts"
import * as Heartbeat from "../../src/Heartbeat.ts"
import * as NodeConnection from "../../src/node/NodeConnection.ts"
import * as Reconnect from "../../src/Reconnect.ts"
import { Transport } from "../../src/Transport.ts"

const url = "ws://127.0.0.1:9/"

/** The option that an `InvalidRequest` names. */
const refused = <A>(effect: Effect.Effect<A, unknown, Scope.Scope>): Effect.Effect<string, never, Scope.Scope> =>
  Effect.map(Effect.exit(effect), (exit) => {
    assert(Exit.isFailure(exit), "was accepted")
    assert.isFalse(Cause.hasDies(exit.cause), Cause.pretty(exit.cause))
    const error = Cause.squash(exit.cause)
    assert(error instanceof ConnectionError)
    assert(error.reason._tag === "InvalidRequest", error.message)
    assert.isAbove(error.reason.problem.length, 10)
    return error.reason.option
  })

class Feed extends Connection.Service<Feed>()("app/Feed") {}

describe("NodeConnection", () => {
  const wrong: ReadonlyArray<readonly [option: string, given: unknown]> = [
    ["options", undefined],
    ["options", null],
    ["options", "ws://feed.example"],
    ["url", {}],
    ["url", { url: "" }],
    ["url", { url: 5 }],
    ["url", { url: null }],
    ["url", { url: "ws://" }],
    ["url", { url: "ftp://feed.example/" }],
    ["url", { url: "ws://feed.example/#fragment" }],
    ["headers", { headers: { upgrade: "h2c" } }],
    ["headers", { headers: { "sec-websocket-key": "mine" } }],
    ["headers", { headers: { a: "b\r\nc: d" } }],
    ["headers", { headers: { "a b": "c" } }],
    ["headers", { headers: { a: 5 } }],
    ["headers", { headers: "a: b" }],
    ["subprotocols", { subprotocols: ["a", "a"] }],
    ["subprotocols", { subprotocols: [""] }],
    ["subprotocols", { subprotocols: ["a b"] }],
    ["subprotocols", { subprotocols: "a" }],
    ["requireSubprotocol", { requireSubprotocol: "yes" }],
    ["propagate", { propagate: 1 }],
    ["greet", { greet: "hello" }],
    ["timeout", { timeout: 0 }],
    ["timeout", { timeout: "-1 seconds" }],
    ["timeout", { timeout: "soon" }],
    ["timeout", { timeout: Number.NaN }],
    ["timeout", { timeout: "Infinity" }],
    ["greetTimeout", { greetTimeout: 0 }],
    ["heartbeat", { heartbeat: true }],
    ["heartbeat", { heartbeat: "25 seconds" }],
    ["heartbeat.interval", { heartbeat: { interval: 0 } }],
    ["heartbeat.timeout", { heartbeat: { timeout: "-1 seconds" } }],
    ["reconnect", { reconnect: true }],
    ["reconnect", { reconnect: 5 }],
    ["reconnect.resetAfter", { reconnect: { resetAfter: 0 } }],
    ["reconnect.schedule", { reconnect: { schedule: "1 second" } }],
    ["reconnect.classify", { reconnect: { classify: "retry" } }],
    ["reconnect.factor", { reconnect: { schedule: Reconnect.schedule({ factor: 0.5 }) } }],
    ["transport", { transport: 5 }],
    ["transport", { transport: null }],
    ["transport.maxPayload", { transport: { maxPayload: -1 } }],
    ["transport.family", { transport: { family: 5 } }],
    ["transport.proxy", { transport: { proxy: "socks5://proxy.example" } }],
    ["transport.tls", { transport: { tls: "insecure" } }],
    ["transport.tls.ca", { transport: { tls: { ca: "no certificate" } } }],
    ["transport.perMessageDeflate", { transport: { perMessageDeflate: "yes" } }],
    ["inbound", { inbound: 5 }],
    ["inbound.highWaterMark", { inbound: { highWaterMark: 0 } }],
    ["inbound.highWaterMark", { inbound: { highWaterMark: Number.NaN } }],
    ["inbound.overflow", { inbound: { overflow: "drop" } }],
    ["inbound.unread", { inbound: { unread: "keep" } }],
    ["inbound.maxPause", { inbound: { maxPause: 0 } }],
    ["outbound", { outbound: "fast" }],
    ["outbound.highWaterMark", { outbound: { highWaterMark: -5 } }],
    ["outbound.whileDisconnected", { outbound: { whileDisconnected: "wait" } }],
    ["outbound.whileDisconnected", { outbound: { whileDisconnected: 5 } }],
    ["outbound.whileDisconnected.buffer", { outbound: { whileDisconnected: {} } }],
    ["outbound.whileDisconnected.buffer.messages", { outbound: { whileDisconnected: { buffer: { messages: 0 } } } }],
    ["outbound.whileDisconnected.buffer.bytes", { outbound: { whileDisconnected: { buffer: { bytes: 1.5 } } } }],
    ["outbound.whileDisconnected.overflow", { outbound: { whileDisconnected: { buffer: {}, overflow: "drop" } } }],
    ["start", { start: "now" }],
    ["closeTimeout", { closeTimeout: 0 }],
    ["closeCode", { closeCode: 1005 }],
    ["closeCode", { closeCode: 5000 }],
    ["closeCode", { closeCode: "1000" }],
    ["name", { name: "" }]
  ]
  it.effect.each(wrong.map(([option, given]) => ({ option, given })))(
    "an option that can never work fails with a sentence that names $option, and is no defect: $given",
    ({ given, option }) =>
      Effect.gen(function*() {
        const options =
          (option === "options" || option === "url" ? given : { url, ...(given as object) }) as NodeConnection.Options
        assert.strictEqual(yield* refused(NodeConnection.make(options)), option)
        assert.strictEqual(yield* refused(Layer.build(NodeConnection.layer(options))), option)
        assert.strictEqual(yield* refused(Layer.build(NodeConnection.layerFor(Feed, options))), option)
      })
  )

  it.effect("parts are the four services, each from its own options", () =>
    Effect.gen(function*() {
      const parts = yield* Layer.build(NodeConnection.parts({
        url: "wss://user:secret@feed.example/v2?token=1",
        timeout: "3 seconds",
        heartbeat: false,
        reconnect: { resetAfter: "1 minute" },
        transport: { perMessageDeflate: true }
      }))
      const built = yield* Effect.provideContext(
        Effect.all({
          transport: Transport,
          handshake: Handshake.Handshake,
          heartbeat: Heartbeat.Heartbeat,
          reconnect: Reconnect.Reconnect
        }),
        parts
      )
      assert.deepStrictEqual(built.transport.capabilities, {
        ping: true,
        pause: true,
        headers: true,
        response: true,
        closeCodes: "any"
      })
      assert.deepStrictEqual(built.transport.extensions, ["permessage-deflate; client_max_window_bits"])
      assert.strictEqual(built.handshake.endpoint, "wss://feed.example/v2")
      assert.notStrictEqual(built.heartbeat.needsPing, true)
    }))

  it.effect("heartbeat and reconnect take layers of one's own", () =>
    Effect.gen(function*() {
      const context = yield* Layer.build(NodeConnection.parts({
        url,
        heartbeat: Heartbeat.layerIdle({ within: "1 minute" }),
        reconnect: Reconnect.layer({ schedule: Schedule.recurs(3) })
      }))
      const heartbeat = yield* Effect.provideContext(Heartbeat.Heartbeat, context)
      assert.notStrictEqual(heartbeat.needsPing, true)
    }))

  it.effect("a tag of one's own gives its connection its name, unless another is given", () =>
    Effect.gen(function*() {
      const nameOf = (options: NodeConnection.Options) =>
        Effect.scoped(Effect.map(
          Effect.flatMap(
            Layer.build(NodeConnection.layerFor(Feed, options)),
            (context) => Effect.provideContext(Feed, context)
          ),
          ({ name }) => name
        ))
      assert.strictEqual(yield* nameOf({ url, start: "lazy" }), "app/Feed")
      assert.strictEqual(yield* nameOf({ url, start: "lazy", name: "mine" }), "mine")
    }))

  it.effect("the endpoint is the name where none is given, without credentials and query", () =>
    Effect.gen(function*() {
      const connection = yield* NodeConnection.make({ url: "wss://u:p@feed.example/v2?token=1", start: "lazy" })
      assert.strictEqual(connection.name, "wss://feed.example/v2")
    }))

  it.effect("layerConfig fails with a ConfigError where something is missing, and with InvalidRequest where it is wrong", () =>
    Effect.gen(function*() {
      const layer = NodeConnection.layerConfig({ url: Config.Redacted("FEED_URL") })
      const build = (env: unknown) =>
        Effect.exit(Layer.build(Layer.provide(layer, ConfigProvider.layer(ConfigProvider.fromUnknown(env)))))
      const missing = yield* build({})
      assert(Exit.isFailure(missing))
      assert.strictEqual(Reflect.get(Object(Cause.squash(missing.cause)), "_tag"), "ConfigError")
      const wrong = yield* build({ FEED_URL: "ftp://user:secret@feed.example" })
      assert(Exit.isFailure(wrong))
      const error = Cause.squash(wrong.cause)
      assert(error instanceof ConnectionError && error.reason._tag === "InvalidRequest")
      assert.strictEqual(error.reason.option, "url")
      assert.notInclude(JSON.stringify(error), "secret")
    }))

  // TypeScript refused these groups, which `false` may stand for: only one Config of the whole group would do.
  it.effect.each([
    ["heartbeat.interval", { HEARTBEAT_INTERVAL: "0 seconds" }],
    ["reconnect.resetAfter", { RESET_AFTER: "0 seconds" }],
    ["outbound.rateLimit.limit", { RATE_LIMIT: "0" }],
    ["outbound.rateLimit.window", { RATE_WINDOW: "0 seconds" }]
  ])("layerConfig reads each option of a group, %s for one", ([option, env]) =>
    Effect.gen(function*() {
      const layer = NodeConnection.layerConfig({
        url: Config.succeed(url),
        heartbeat: { interval: Config.Duration("HEARTBEAT_INTERVAL") },
        reconnect: { resetAfter: Config.Duration("RESET_AFTER") },
        outbound: { rateLimit: { limit: Config.Int("RATE_LIMIT"), window: Config.Duration("RATE_WINDOW") } }
      })
      const provider = ConfigProvider.layer(ConfigProvider.fromUnknown({
        HEARTBEAT_INTERVAL: "5 seconds",
        RESET_AFTER: "1 minute",
        RATE_LIMIT: "5",
        RATE_WINDOW: "1 second",
        ...(env as object)
      }))
      const error = yield* Effect.flip(Layer.build(Layer.provide(layer, provider)))
      assert(error._tag === "ConnectionError" && error.reason._tag === "InvalidRequest")
      assert.strictEqual(error.reason.option, option)
    }))

  it("what the user's effects need is asked of whoever provides the layer, and a scope is not", () => {
    class Tokens extends Connection.Service<Tokens>()("app/Tokens") {}
    const layer = NodeConnection.layer({
      url,
      headers: () => Effect.as(Tokens, { authorization: "Bearer t" }),
      greet: (session) => Effect.andThen(Effect.forkScoped(Effect.never), session.send("hello"))
    })
    const typed: Layer.Layer<Connection.Connection, ConnectionError, Tokens> = layer
    assert.isTrue(Layer.isLayer(typed))
  })
})
