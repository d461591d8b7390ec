// `connection.socket` under Effect's own RPC, over a real wire that is cut in the middle of a call.
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import * as NodeSocketServer from "@effect/platform-node/NodeSocketServer"
import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as HttpRouter from "effect/http/HttpRouter"
import * as Layer from "effect/Layer"
import * as Rpc from "effect/rpc/Rpc"
import * as RpcClient from "effect/rpc/RpcClient"
import * as RpcClientError from "effect/rpc/RpcClientError"
import * as RpcGroup from "effect/rpc/RpcGroup"
import * as RpcSerialization from "effect/rpc/RpcSerialization"
import * as RpcServer from "effect/rpc/RpcServer"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import * as Socket from "effect/socket/Socket"
import * as SocketServer from "effect/socket/SocketServer"
import * as Stream from "effect/Stream"
import { createServer } from "node:http"
import type * as NodeConnection from "../src/node/NodeConnection.ts"
import { beside, connect, timed, turn, until } from "./support/realConnection.ts"
import * as TcpProxy from "./support/tcpProxy.ts"

// The HTTP server's services open it on first use, which is no test's doing.
void process.stdin

class Refused extends Schema.TaggedError<Refused>()("Refused", { why: Schema.String }) {}

const Group = RpcGroup.make(
  Rpc.make("Echo", { payload: { text: Schema.String }, success: Schema.String }),
  Rpc.make("Refuse", { success: Schema.Void, error: Refused }),
  Rpc.make("Hang", { success: Schema.String }),
  Rpc.make("Count", { success: Schema.Number, stream: true })
)

interface Server {
  readonly port: number
  /** Calls of `Hang` that were begun. */
  readonly begun: () => number
  /** Those that were interrupted. */
  readonly interrupted: () => number
}

/** The handlers, over whichever protocol. */
const handlers = () => {
  let begun = 0
  let interrupted = 0
  return {
    begun: () => begun,
    interrupted: () => interrupted,
    layer: Group.toLayer({
      Echo: ({ text }) => Effect.succeed(text),
      Refuse: () => Effect.fail(new Refused({ why: "because" })),
      Hang: () =>
        Effect.suspend(() => {
          begun++
          return Effect.onInterrupt(Effect.never, () => Effect.sync(() => interrupted++))
        }),
      Count: () => Stream.concat(Stream.range(1, 3), Stream.never)
    })
  }
}

/** RpcServer over the WebSocket `SocketServer` of @effect/platform-node. */
const socketServer = (serialization: Layer.Layer<RpcSerialization.RpcSerialization>) =>
  Effect.gen(function*() {
    const { layer, ...counts } = handlers()
    const context = yield* Layer.build(
      RpcServer.layer(Group).pipe(
        Layer.provide([layer, RpcServer.layerProtocolSocketServer]),
        Layer.provideMerge(NodeSocketServer.layerWebSocket({ host: "127.0.0.1", port: 0 })),
        Layer.provide(serialization)
      )
    )
    const { address } = Context.get(context, SocketServer.SocketServer)
    assert(address._tag === "InetAddressV4")
    return { ...counts, port: address.port }
  })

/** RpcServer over an HTTP server's upgrade. */
const httpServer = (serialization: Layer.Layer<RpcSerialization.RpcSerialization>) =>
  Effect.gen(function*() {
    const { layer, ...counts } = handlers()
    const server = createServer()
    yield* Layer.build(
      HttpRouter.serve(
        RpcServer.layer(Group).pipe(
          Layer.provide([layer, RpcServer.layerProtocolWebsocket({ path: "/" })])
        ),
        { disableLogger: true, disableListenLog: true }
      ).pipe(
        Layer.provide(NodeHttpServer.layer(() => server, { host: "127.0.0.1", port: 0 })),
        Layer.provide(serialization)
      )
    )
    const address = server.address()
    return { ...counts, port: typeof address === "object" && address !== null ? address.port : 0 }
  })

/** A client of Effect's over a connection of ours, over a wire that can be cut. */
const client = Effect.fnUntraced(function*(
  server: Server,
  serialization: Layer.Layer<RpcSerialization.RpcSerialization>,
  options?: Partial<NodeConnection.Options>
) {
  const wire = yield* TcpProxy.make(server.port)
  const connected = yield* connect(`ws://127.0.0.1:${wire.port}/`, options)
  const protocol = yield* Layer.build(
    RpcClient.layerProtocolSocket({ retryPolicy: Schedule.spaced("5 millis") }).pipe(
      Layer.provide([Layer.succeed(Socket.Socket, connected.connection.socket), serialization])
    )
  )
  const rpc = yield* Effect.provideContext(RpcClient.make(Group), protocol)
  return { ...connected, rpc, wire }
})

/** A call that may come in the gap, in which RpcClient fails calls typed: again, until it is answered. */
const answered = <A>(call: Effect.Effect<A, RpcClientError.RpcClientError>) =>
  Effect.retry(call, Schedule.spaced("5 millis"))

const typed = (exit: Exit.Exit<unknown, unknown>): RpcClientError.RpcClientError => {
  assert(Exit.isFailure(exit))
  assert.isFalse(Cause.hasDies(exit.cause), Cause.pretty(exit.cause))
  const error = Cause.squash(exit.cause)
  assert(error instanceof RpcClientError.RpcClientError)
  return error
}

type MakeServer = (
  serialization: Layer.Layer<RpcSerialization.RpcSerialization>
) => Effect.Effect<Server, unknown, Scope.Scope>

const setups: ReadonlyArray<{
  readonly name: string
  readonly make: MakeServer
  readonly serialization: Layer.Layer<RpcSerialization.RpcSerialization>
}> = [
  { name: "a WebSocket server with ndjson", make: socketServer, serialization: RpcSerialization.layerNdjson },
  { name: "an HTTP server's upgrade with json", make: httpServer, serialization: RpcSerialization.layerJson }
]

describe.each(setups)("connection.socket, proved with Effect's RPC over $name", ({ make, serialization }) => {
  it.live("calls, typed failures and streams work", () =>
    Effect.gen(function*() {
      const { rpc } = yield* client(yield* make(serialization), serialization)
      assert.strictEqual(yield* rpc.Echo({ text: "hello" }), "hello")
      assert.strictEqual((yield* Effect.flip(rpc.Refuse()))._tag, "Refused")
      assert.deepStrictEqual(Array.from(yield* Stream.runCollect(Stream.take(rpc.Count(), 3))), [1, 2, 3])
      const all = yield* Effect.forEach(
        Array.from({ length: 200 }, (_, index) => `${index}`.padEnd(2000, ".")),
        (text) => rpc.Echo({ text }),
        { concurrency: "unbounded" }
      )
      assert.strictEqual(all.length, 200)
    }))

  it.live.each([{ how: "reset" as const }, { how: "end" as const }])(
    "the wire is cut ($how) in the middle of a call: the call fails typed, the next one works",
    ({ how }) =>
      Effect.gen(function*() {
        const server = yield* make(serialization)
        const { connection, rpc, wire } = yield* client(server, serialization)
        for (let round = 1; round <= 3; round++) {
          const calls = yield* Effect.forEach(Array.from({ length: 5 }), () => beside(Effect.exit(rpc.Hang())))
          const stream = yield* beside(Effect.exit(Stream.runDrain(rpc.Count())))
          yield* until(() => server.begun() === 5 * round)
          yield* wire.cut(how)
          for (const exit of [...(yield* Fiber.joinAll(calls)), yield* Fiber.join(stream)]) {
            const { reason } = typed(exit)
            assert.include(["SocketReadError", "SocketCloseError"], reason._tag)
          }
          assert.strictEqual(yield* answered(rpc.Echo({ text: `round ${round}` })), `round ${round}`)
          // The server notices, too.
          yield* until(() => server.interrupted() === 5 * round)
        }
        assert.strictEqual((yield* connection.awaitOpen).id, 4)
        assert.strictEqual(wire.connections(), 4)
      })
  )

  it.live("the wire is cut again and again under load: every call gets its own answer or fails typed, none dies", () =>
    Effect.gen(function*() {
      const server = yield* make(serialization)
      const { rpc, wire } = yield* client(server, serialization)
      let cuts = 0
      let answers = 0
      let failures = 0
      const caller = Effect.fnUntraced(function*(name: number) {
        for (let i = 0; cuts < 25; i++) {
          const text = `${name}/${i}`
          const exit = yield* Effect.exit(rpc.Echo({ text }))
          if (Exit.isSuccess(exit)) {
            assert.strictEqual(exit.value, text)
            answers++
          } else {
            typed(exit)
            failures++
            yield* turn
          }
        }
      })
      const callers = yield* Effect.forEach(
        Array.from({ length: 8 }, (_, name) => name),
        (name) => beside(caller(name))
      )
      while (cuts < 25) {
        const before = answers
        yield* until(() => answers > before + cuts)
        yield* wire.cut(cuts++ % 2 === 0 ? "reset" : "end")
      }
      yield* Fiber.joinAll(callers)
      assert.isAbove(failures, 0)
      assert.strictEqual(yield* answered(rpc.Echo({ text: "calm" })), "calm")
    }))

  it.live("the wire swallows everything: our heartbeat ends the session, the call fails typed, the next one works", () =>
    Effect.gen(function*() {
      const server = yield* make(serialization)
      const { events, rpc, wire } = yield* client(server, serialization, {
        heartbeat: { interval: "200 millis", timeout: "200 millis" }
      })
      const call = yield* beside(Effect.exit(rpc.Hang()))
      yield* until(() => server.begun() === 1)
      yield* wire.swallow
      const [exit, took] = yield* timed(Fiber.join(call))
      typed(exit)
      assert.isBelow(took, 3000)
      assert.strictEqual((yield* events.next("Disconnected")).error.reason._tag, "HeartbeatTimeout")
      assert.strictEqual(yield* answered(rpc.Echo({ text: "again" })), "again")
    }))

  it.live("the session is replaced by reconnect in the middle of a call: the call fails typed, the next one works", () =>
    Effect.gen(function*() {
      const server = yield* make(serialization)
      const { connection, rpc } = yield* client(server, serialization)
      const call = yield* beside(Effect.exit(rpc.Hang()))
      yield* until(() => server.begun() === 1)
      assert.isTrue(yield* connection.reconnect({ code: 4000, reason: "moving" }))
      const { reason } = typed(yield* Fiber.join(call))
      assert(reason._tag === "SocketCloseError")
      assert.deepStrictEqual([reason.code, reason.closeReason], [4000, "moving"])
      assert.strictEqual(yield* answered(rpc.Echo({ text: "again" })), "again")
    }))

  it.live("a call is made before the first session and waits for it", () =>
    Effect.gen(function*() {
      const server = yield* make(serialization)
      const ready = yield* Deferred.make<void>()
      const { rpc } = yield* client(server, serialization, { greet: () => Deferred.await(ready) })
      const call = yield* beside(rpc.Echo({ text: "early" }))
      yield* Effect.yieldNow
      assert.isUndefined(call.pollUnsafe())
      yield* Deferred.succeed(ready, undefined)
      assert.strictEqual(yield* Fiber.join(call), "early")
    }))

  it.live("the connection is closed in the middle of a call: the call fails typed, and so does the next", () =>
    Effect.gen(function*() {
      const server = yield* make(serialization)
      const { connection, rpc } = yield* client(server, serialization)
      const call = yield* beside(Effect.exit(rpc.Hang()))
      yield* until(() => server.begun() === 1)
      yield* connection.close()
      typed(yield* Fiber.join(call))
      typed(yield* Effect.exit(rpc.Echo({ text: "late" })))
    }))

  it.live("the client's scope is closed in the middle of a call: the shared connection stays", () =>
    Effect.gen(function*() {
      const server = yield* make(serialization)
      const wire = yield* TcpProxy.make(server.port)
      const { connection, events } = yield* connect(`ws://127.0.0.1:${wire.port}/`)
      for (let round = 1; round <= 2; round++) {
        yield* Effect.scoped(Effect.gen(function*() {
          const protocol = yield* Layer.build(
            RpcClient.layerProtocolSocket().pipe(
              Layer.provide([Layer.succeed(Socket.Socket, connection.socket), serialization])
            )
          )
          const rpc = yield* Effect.provideContext(RpcClient.make(Group), protocol)
          yield* beside(Effect.exit(rpc.Hang()))
          yield* until(() => server.begun() === round)
          assert.strictEqual(yield* rpc.Echo({ text: "there" }), "there")
        }))
      }
      assert.deepStrictEqual(events.of("Disconnected"), [])
      assert.strictEqual(wire.connections(), 1)
    }))
})
