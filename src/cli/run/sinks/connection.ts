/**
 * Sinks that send messages on, over another WebSocket: a connection of the
 * config, or one of the sink's own.
 */
import * as Effect from "effect/Effect"
import type { Message } from "../../../Link.ts"
import * as NodeConnection from "../../../node/NodeConnection.ts"
import { connectionOptions } from "../../config/connectionOptions.ts"
import type { Sink } from "../../config/schema.ts"
import { failure } from "../../failure.ts"
import { Output } from "../../output.ts"
import { bodyOf, type Delivery } from "../delivery.ts"
import { queuedSink, SinkProblem, waiting } from "../queuedSink.ts"
import { Workshop } from "../workshop.ts"

/** Opens the sink for the life of the scope. While the other connection is not open, messages wait for it. */
export const connectionSink = Effect.fnUntraced(function*(name: string, sink: Extract<Sink, { type: "connection" }>) {
  const { send } = yield* Workshop
  return yield* sendingSink(name, sink, (message) => send(sink.connection, message))
})

/** The same with a connection of its own, which closes with the sink. */
export const websocketSink = Effect.fnUntraced(function*(name: string, sink: Extract<Sink, { type: "websocket" }>) {
  const { auth, headers, subprotocols, tls, url } = sink
  const options = connectionOptions({
    url,
    ...(auth === undefined ? {} : { auth }),
    ...(headers === undefined ? {} : { headers }),
    ...(subprotocols === undefined ? {} : { subprotocols }),
    ...(tls === undefined ? {} : { tls }),
    // What comes back is nobody's; and what is left at the end is bounded as for all sinks.
    closeTimeout: "1500 ms"
  })
  const connection = yield* Effect.mapError(
    NodeConnection.make({ ...options, name }),
    (error) => failure("config", `The sink ${name} cannot work: ${error.message}`)
  )
  return yield* sendingSink(name, sink, connection.send)
})

const sendingSink = Effect.fnUntraced(function*(
  name: string,
  sink: Extract<Sink, { type: "connection" | "websocket" }>,
  send: (message: Message) => Effect.Effect<void, Error>
) {
  const output = yield* Output
  const write = (delivery: Delivery) =>
    Effect.mapError(
      send(bodyOf(delivery, sink.format ?? "raw")),
      ({ message }) => new SinkProblem({ sentence: `cannot be sent to: ${message}`, rejected: true })
    )
  return yield* queuedSink({
    name,
    output,
    ...waiting(sink),
    workers: 1,
    most: 1,
    write: (batch) => Effect.forEach(batch, write, { discard: true }),
    retry: false
  })
})
