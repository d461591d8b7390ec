// JSON-RPC 2.0, two ways: through `Requests`, for any server and any protocol; and through Effect's `RpcClient`, for
// whoever has his procedures as an `RpcGroup`.
//
//   npx node examples/09-json-rpc.ts
import { NodeRuntime } from "@effect/platform-node"
import { Console, Effect, Layer, Schema } from "effect"
import { Rpc, RpcClient, RpcGroup, RpcSerialization } from "effect/rpc"
import { Socket } from "effect/socket"
import { Codec, Connection, Protocol, Requests } from "holdfast"
import { NodeConnection } from "holdfast/node"
import { calculatorServer } from "./servers/calculator.ts"

const Problem = Schema.Struct({ code: Schema.Number, message: Schema.String })

// ---- through Requests: the protocol is a schema for each direction ----

const Call = Schema.Struct({
  jsonrpc: Schema.Literal("2.0"),
  id: Schema.Number,
  method: Schema.String,
  params: Schema.Unknown
})
const Reply = Schema.Union([
  Schema.Struct({ id: Schema.Number, result: Schema.Unknown }),
  Schema.Struct({ id: Schema.Number, error: Problem })
])

class JsonRpc extends Protocol.Service<JsonRpc>()("app/JsonRpc", {
  codec: Codec.json,
  incoming: Reply,
  outgoing: Call
}) {}

class CallFailed extends Schema.TaggedError<CallFailed>("app/CallFailed")("CallFailed", { problem: Problem }) {
  override get message(): string {
    return `${this.problem.message} (${this.problem.code})`
  }
}

const makeCalls = Effect.gen(function*() {
  const requests = yield* Requests.make({
    protocol: yield* JsonRpc,
    idOf: (call) => call.id,
    replyTo: (reply) => reply.id
  })
  let calls = 0
  return (method: string, params: unknown, options?: Requests.RequestOptions) =>
    Effect.suspend(() => requests.request({ jsonrpc: "2.0", id: ++calls, method, params }, options)).pipe(
      // A reply is a reply; that this one is an error, the protocol knows.
      Effect.flatMap((reply) =>
        "error" in reply ? Effect.fail(new CallFailed({ problem: reply.error })) : Effect.succeed(reply.result)
      )
    )
})

const throughRequests = Effect.gen(function*() {
  const call = yield* makeCalls
  const sums = yield* Effect.all([call("add", { a: 1, b: 2 }), call("add", { a: 3, b: 4 })], {
    concurrency: "unbounded"
  })
  yield* Console.log("Requests:", sums.join(" and "))
  // The server crashes meanwhile. To add twice does no harm, so the call is made again in the next session.
  yield* Console.log("Requests, through a crash:", yield* call("slowAdd", { a: 5, b: 6 }, { retryOnReconnect: true }))
  yield* Effect.catchTag(
    call("divide", { a: 1, b: 0 }),
    "CallFailed",
    (error) => Console.log("Requests:", error.message)
  )
})

// ---- through RpcClient: the protocol is Effect's, the connection is ours ----

class Calculator extends RpcGroup.make(
  Rpc.make("add", { payload: { a: Schema.Number, b: Schema.Number }, success: Schema.Number, error: Problem }),
  Rpc.make("divide", { payload: { a: Schema.Number, b: Schema.Number }, success: Schema.Number, error: Problem })
) {}

const RpcLayer = RpcClient.layerProtocolSocket({
  // A server that knows JSON-RPC and nothing else does not answer its pings. Holdfast has a heartbeat of its own.
  pingInterval: "Infinity"
}).pipe(
  Layer.provide([
    Layer.effect(Socket.Socket, Effect.map(Connection.Connection, (connection) => connection.socket)),
    RpcSerialization.layerJsonRpc({ controlMessages: false })
  ])
)

const throughRpcClient = Effect.gen(function*() {
  const calculator = yield* RpcClient.make(Calculator)
  yield* Console.log("RpcClient:", yield* calculator.add({ a: 7, b: 8 }))
  const failure = yield* Effect.flip(calculator.divide({ a: 1, b: 0 }))
  yield* Console.log("RpcClient:", "code" in failure ? `${failure.message} (${failure.code})` : failure.message)
})

const main = Effect.gen(function*() {
  const { url } = yield* calculatorServer
  const connection = NodeConnection.layer({ url })
  yield* Effect.scoped(throughRequests).pipe(Effect.provide(Layer.provide(JsonRpc.layer, Layer.fresh(connection))))
  yield* Effect.scoped(throughRpcClient).pipe(Effect.provide(Layer.provide(RpcLayer, Layer.fresh(connection))))
})

NodeRuntime.runMain(Effect.scoped(main))
