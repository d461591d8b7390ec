// What runs in the page: the same connection over the browser's own WebSocket.
import { Effect, Layer, Stream } from "effect"
import { Socket } from "effect/socket"
import { Connection, type ConnectionStatus, Handshake, Heartbeat, Reconnect, Transport } from "holdfast"

const ConnectionLayer = Connection.layer().pipe(
  Layer.provide([
    Layer.provide(Transport.layerWebSocketConstructor, Socket.layerWebSocketConstructorGlobal),
    // A browser sends no headers of ours: a token would go into the url, a subprotocol or `greet`.
    Handshake.layer({ url: `ws://${location.host}/` }),
    // Nor can it send pings: the server has to know this message.
    Heartbeat.layerMessage({ interval: "2 seconds", timeout: "2 seconds", message: "ping" }),
    // Short, so that the example ends soon.
    Reconnect.layer({ schedule: Reconnect.schedule({ first: "500 millis" }) })
  ])
)

const append = (list: string, text: string) =>
  Effect.sync(() => {
    const item = document.createElement("li")
    item.textContent = text
    document.querySelector(list)?.append(item)
  })

const describe = (status: ConnectionStatus.ConnectionStatus): string => {
  switch (status._tag) {
    case "Connecting":
      return `connecting, attempt ${status.attempt}`
    case "Open":
      return `open, session ${status.session}`
    case "Waiting":
      return `waiting: ${status.cause.reason.message}`
    default:
      return status._tag.toLowerCase()
  }
}

const program = Effect.gen(function*() {
  const connection = yield* Connection.Connection
  yield* Effect.all([
    Stream.runForEach(connection.changes, (status) => append("#status", describe(status))),
    connection.messages.pipe(
      Stream.filter((message) => message !== "pong"),
      Stream.runForEach((message) => append("#messages", String(message)))
    )
  ], { concurrency: "unbounded" })
})

Effect.runFork(Effect.provide(program, ConnectionLayer))
