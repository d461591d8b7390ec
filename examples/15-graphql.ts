// GraphQL over WebSocket, the protocol `graphql-transport-ws`: queries and mutations as effects with one result,
// subscriptions as streams that go on after an outage.
// The rules: https://github.com/enisdenjo/graphql-ws/blob/master/PROTOCOL.md
//
//   npx node examples/15-graphql.ts
import { NodeRuntime } from "@effect/platform-node"
import { Console, Effect, Redacted, Schema, Stream } from "effect"
import {
  Codec,
  type ConnectionError,
  type Handshake,
  Heartbeat,
  Protocol,
  Reconnect,
  Recovery,
  Requests,
  Subscriptions
} from "holdfast"
import { NodeProtocol } from "holdfast/node"
import { graphqlServer } from "./servers/graphql.ts"

// ---- what is said ----

const Json = Schema.Record(Schema.String, Schema.Unknown)
const payload = Schema.optional(Schema.NullOr(Json))

const Problem = Schema.Struct({
  message: Schema.String,
  path: Schema.optional(Schema.Array(Schema.Union([Schema.String, Schema.Number]))),
  extensions: Schema.optional(Json)
})

/** One result: a field that failed is null in `data`, and told in `errors`. */
const Execution = Schema.Struct({
  data: Schema.optional(Schema.NullOr(Json)),
  errors: Schema.optional(Schema.Array(Problem))
})

const Operation = Schema.Struct({
  query: Schema.String,
  variables: Schema.optional(Json),
  operationName: Schema.optional(Schema.String)
})
export type Operation = typeof Operation.Type

const Ping = Schema.Struct({ type: Schema.Literal("ping"), payload })
const Pong = Schema.Struct({ type: Schema.Literal("pong"), payload })
const Complete = Schema.Struct({ type: Schema.Literal("complete"), id: Schema.String })

const Incoming = Schema.Union([
  Schema.Struct({ type: Schema.Literal("connection_ack"), payload }),
  Ping,
  Pong,
  Schema.Struct({ type: Schema.Literal("next"), id: Schema.String, payload: Execution }),
  Schema.Struct({ type: Schema.Literal("error"), id: Schema.String, payload: Schema.Array(Problem) }),
  Complete
])

const Outgoing = Schema.Union([
  Ping,
  Pong,
  Schema.Struct({ type: Schema.Literal("subscribe"), id: Schema.String, payload: Operation }),
  Complete
])

export class GraphQl extends Protocol.Service<GraphQl>()("app/GraphQl", {
  codec: Codec.json,
  incoming: Incoming,
  outgoing: Outgoing
}) {}

/** The operation, or a field of it, failed. */
export class OperationFailed extends Schema.TaggedError<OperationFailed>("app/OperationFailed")("OperationFailed", {
  problems: Schema.Array(Problem)
}) {
  override get message(): string {
    return this.problems.map(({ message }) => message).join("; ")
  }
}

// ---- the connection ----

/** What goes into `connection_init`; made afresh at each attempt. */
export type Token = Effect.Effect<Redacted.Redacted>

const read = Schema.decodeUnknownEffect(Schema.fromJsonString(Incoming))

// Nothing may be asked before the acknowledgement (4401), so this gates "open". Its deadline is `greetTimeout`.
const initialise = (token: Token) => (session: Handshake.GreetSession) =>
  Effect.gen(function*() {
    const payload = { token: Redacted.value(yield* token) }
    yield* session.send(JSON.stringify({ type: "connection_init", payload }))
    let message = yield* Effect.flatMap(session.receive, read)
    while (message.type === "ping") {
      yield* session.send(JSON.stringify({ type: "pong", payload: message.payload }))
      message = yield* Effect.flatMap(session.receive, read)
    }
    if (message.type !== "connection_ack") {
      yield* session.end({ code: 4400, reason: `expected connection_ack, got ${message.type}` })
    }
  })

/** Which ends of a session are worth another attempt. */
export const classify = (error: ConnectionError.ConnectionError): Recovery.Recovery => {
  if (error.reason._tag !== "ApplicationClose") return Reconnect.classify(error)
  switch (error.reason.code) {
    case 4400: // a message that is none, of one side or the other
    case 4401: // an operation before the acknowledgement
    case 4406: // a subprotocol that the server does not speak
    case 4409: // an id that is in use
    case 4429: // a second `connection_init`
      // Bugs. The same program would do the same again, for ever.
      return Recovery.stop
    case 4403:
      // Refused. The token may have expired: one more attempt, with a fresh one, and no third.
      return Recovery.retry({ immediately: true, atMost: 1 })
    case 4500:
      // The server's own trouble: it may pass, or be what it makes of a query that is asked again each time.
      return Recovery.retry({ atMost: 5 })
    default:
      // 4408 (`connection_init` came too late) and whatever a service invents: they pass.
      return Recovery.retry()
  }
}

export const layer = (options: {
  readonly url: string
  readonly token: Token
  readonly greetTimeout?: number
  readonly pingEvery?: number
}) =>
  NodeProtocol.layer(GraphQl, {
    url: options.url,
    subprotocols: ["graphql-transport-ws"],
    greet: initialise(options.token),
    greetTimeout: options.greetTimeout ?? "10 seconds",
    // The protocol's own ping, since proxies and servers may look for messages. Any answer is life.
    heartbeat: Heartbeat.layerMessage({
      interval: options.pingEvery ?? "25 seconds",
      message: JSON.stringify({ type: "ping" }),
      isReply: (message) => message === "{\"type\":\"pong\"}"
    }),
    // Short, so that this example ends soon. The default draws the first delay from 0 to 5 s, to spare the server.
    reconnect: { classify, schedule: Reconnect.schedule({ first: "300 millis" }) }
  })

// ---- the client ----

export const makeClient = Effect.gen(function*() {
  const protocol = yield* GraphQl
  const scope = yield* Effect.scope
  const idOf = (message: typeof Incoming.Type | typeof Outgoing.Type) => "id" in message ? message.id : undefined
  const requests = yield* Requests.make({ protocol, idOf, replyTo: idOf })
  const subscriptions = yield* Subscriptions.make({ protocol, keyOf: idOf })
  let operations = 0

  // Pings of the server are answered in their session, and a message that is none ends it, as the protocol demands.
  yield* protocol.withSessions((session) =>
    Effect.all([
      Stream.runForEach(session.messages, (message) =>
        message.type === "ping" ? session.send({ type: "pong", payload: message.payload }) : Effect.void),
      Stream.runForEach(protocol.invalid, () =>
        session.end({ code: 4400, reason: "Invalid message received" }))
    ], { concurrency: "unbounded", discard: true })
  ).pipe(
    // The connection gave up: whoever asks is told why.
    Effect.ignore,
    Effect.forkScoped
  )

  const once = (retryOnReconnect: boolean) => (operation: Operation) =>
    Effect.suspend(() => {
      const id = `${++operations}`
      const cancel = protocol.send({ type: "complete", id }, { expireAfter: "1 second" })
      return requests.request({ type: "subscribe", id, payload: operation }, { retryOnReconnect }).pipe(
        // Nobody waits any more: the server need not go on. It ignores this where it has finished meanwhile.
        Effect.onError(() => Effect.forkIn(Effect.ignore(cancel), scope)),
        Effect.flatMap((reply) => {
          switch (reply.type) {
            case "next":
              return reply.payload.errors === undefined
                ? Effect.succeed(reply.payload.data ?? {})
                : Effect.fail(new OperationFailed({ problems: reply.payload.errors }))
            case "error":
              return Effect.fail(new OperationFailed({ problems: reply.payload }))
            default:
              return Effect.fail(new OperationFailed({ problems: [{ message: "completed without a result" }] }))
          }
        })
      )
    })

  return {
    /** Asked again where the session ended before the result: to read twice does no harm. */
    query: once(true),
    /** Never sent twice. `RequestLost` says whether it may have been done. */
    mutate: once(false),
    /** The results; one with errors ends nothing. After an outage it is subscribed to again. */
    subscribe: (operation: Operation) =>
      Stream.suspend(() => {
        const id = `${++operations}`
        return subscriptions.subscribe({
          key: id,
          open: { type: "subscribe", id, payload: operation },
          close: { type: "complete", id },
          select: (message) => message
        })
      }).pipe(
        Stream.takeWhile((message) => message.type !== "complete"),
        Stream.mapEffect((message) =>
          message.type === "next"
            ? Effect.succeed(message.payload)
            : Effect.fail(new OperationFailed({ problems: message.type === "error" ? message.payload : [] }))
        )
      )
  }
})

const main = Effect.gen(function*() {
  const server = yield* graphqlServer()
  const token = Effect.succeed(Redacted.make("of-today"))

  yield* Effect.gen(function*() {
    const client = yield* makeClient

    const query = "query Price($symbol: String!) { price(symbol: $symbol) { symbol price } }"
    yield* Console.log("query:", JSON.stringify(yield* client.query({ query, variables: { symbol: "KELP" } })))
    yield* Effect.catchTag(
      client.query({ query, variables: { symbol: "COAL" } }),
      "OperationFailed",
      (error) => Console.log("query failed:", error.message)
    )
    const order = yield* client.mutate({ query: "mutation { order(symbol: \"KELP\", limit: 90) }" })
    yield* Console.log("mutation:", JSON.stringify(order))

    yield* client.subscribe({ query: "subscription { countdown(from: 3) }" }).pipe(
      Stream.runForEach(({ data }) => Console.log("countdown:", JSON.stringify(data)))
    )
    yield* Console.log("the server has completed the countdown")

    // The server crashes in the middle; the stream goes on with what the next session brings.
    yield* client.subscribe({ query: "subscription { prices(symbol: \"KELP\") { price } }" }).pipe(
      Stream.take(6),
      Stream.zipWithIndex,
      Stream.runForEach(([{ data }, index]) =>
        Effect.andThen(Console.log("price:", JSON.stringify(data)), index === 2 ? server.drop : Effect.void)
      )
    )
  }).pipe(Effect.scoped, Effect.provide(layer({ url: server.url, token })))
})

if (import.meta.main) NodeRuntime.runMain(Effect.scoped(main))
