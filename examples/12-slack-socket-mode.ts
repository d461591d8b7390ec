// A client like Slack's Socket Mode: every attempt asks for a URL of its own, which is good once; every envelope is
// acknowledged where it came from, and handled once; a warning that the connection will be closed is answered by another
// connection, before it is.
//
//   npx node examples/12-slack-socket-mode.ts
import { NodeRuntime } from "@effect/platform-node"
import { Console, Deferred, Effect, Layer, Redacted, Schedule, Schema, Stream } from "effect"
import { FetchHttpClient, HttpClient, HttpClientRequest, HttpClientResponse } from "effect/http"
import { Codec, type ConnectionError, type Handshake, Protocol, Reconnect, Recovery } from "holdfast"
import { NodeProtocol } from "holdfast/node"
import { appToken, events, slackServer } from "./servers/slack.ts"

// ---- what is said ----

const Envelope = Schema.Struct({
  type: Schema.Literal("events_api"),
  envelope_id: Schema.String,
  payload: Schema.Struct({ event_id: Schema.String, event: Schema.Struct({ text: Schema.String }) })
})
const Disconnect = Schema.Struct({ type: Schema.Literal("disconnect"), reason: Schema.String })

class Slack extends Protocol.Service<Slack>()("app/Slack", {
  codec: Codec.json,
  incoming: Schema.Union([Envelope, Disconnect]),
  outgoing: Schema.Struct({ envelope_id: Schema.String })
}) {}

// ---- how to get in ----

class NotAllowed extends Schema.TaggedError<NotAllowed>("app/NotAllowed")("NotAllowed", { error: Schema.String }) {}

const Opened = Schema.Union([
  Schema.Struct({ ok: Schema.Literal(true), url: Schema.String }),
  Schema.Struct({ ok: Schema.Literal(false), error: Schema.String })
])

/** Run afresh at every attempt. The ticket in the URL is as good as a password. */
const openUrl = (api: string, token: Redacted.Redacted) =>
  Effect.gen(function*() {
    const client = yield* HttpClient.HttpClient
    const response = yield* client.execute(HttpClientRequest.post(api).pipe(HttpClientRequest.bearerToken(token)))
    const opened = yield* HttpClientResponse.schemaBodyJson(Opened)(response)
    if (!opened.ok) return yield* new NotAllowed({ error: opened.error })
    return Redacted.make(opened.url)
  })

/** The connection counts as open once Slack has said hello. */
const greet = (session: Handshake.GreetSession) =>
  Effect.gen(function*() {
    const message = yield* session.receive
    const { type } = yield* Schema.decodeUnknownEffect(Hello)(message)
    yield* Console.log(type)
  })
const Hello = Schema.fromJsonString(Schema.Struct({ type: Schema.Literal("hello") }))

/** A token that is refused will be refused again; everything else is as usual. */
const classify = (error: ConnectionError.ConnectionError): Recovery.Recovery =>
  error.reason._tag === "CredentialsFailed" && error.reason.cause instanceof NotAllowed
    ? Recovery.stop
    : Reconnect.classify(error)

const layer = (api: string, token: string): Layer.Layer<Slack, ConnectionError.ConnectionError> =>
  NodeProtocol.layer(Slack, {
    url: openUrl(api, Redacted.make(token)),
    greet,
    // Short, since this is an example; the default is kinder to a server that has many clients.
    reconnect: { classify, schedule: Schedule.spaced("100 millis") }
  }).pipe(Layer.provide(FetchHttpClient.layer))

// ---- the app ----

const handleAll = Effect.gen(function*() {
  const slack = yield* Slack
  const handled = new Set<string>()
  const done = yield* Deferred.make<void>()
  const everything = slack.withSessions((session) =>
    Stream.runForEach(session.messages, (message) =>
      Effect.gen(function*() {
        if (message.type === "disconnect") {
          yield* Console.log(`disconnect: ${message.reason}`)
          // What was acknowledged has left, then comes the next connection.
          yield* slack.connection.flush
          yield* slack.connection.reconnect()
          return
        }
        // Of this session: on any other one Slack would not know what it is about.
        yield* session.send({ envelope_id: message.envelope_id })
        const { event, event_id } = message.payload
        if (handled.has(event_id)) return yield* Console.log(`${event_id} again`)
        handled.add(event_id)
        yield* Console.log(`${event_id}: ${event.text}`)
        if (handled.size === events) yield* Deferred.succeed(done, undefined)
      }))
  )
  yield* Effect.raceFirst(everything, Deferred.await(done))
})

const main = Effect.gen(function*() {
  const server = yield* slackServer
  yield* Effect.provide(handleAll, layer(server.api, appToken))
  const { refused, tickets } = yield* server.report
  yield* Console.log(`${tickets} tickets, ${refused} refused`)
  yield* Effect.andThen(server.freed, Console.log("no socket left open"))

  yield* Console.log("# With a token that is not good")
  yield* Effect.provide(handleAll, layer(server.api, "xapp-wrong")).pipe(
    Effect.catchReason(
      "ConnectionError",
      "CredentialsFailed",
      ({ cause }) => Console.log(cause instanceof NotAllowed ? cause.error : cause)
    )
  )
})

NodeRuntime.runMain(Effect.scoped(main))
