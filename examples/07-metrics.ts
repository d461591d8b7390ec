// Holdfast counts with Effect's own metrics, so Effect's exporters show them. Here Prometheus' text format is printed;
// in an app, serve it with `PrometheusMetrics.layerHttp()`.
//
//   npx node examples/07-metrics.ts
import { NodeRuntime } from "@effect/platform-node"
import { Console, Effect, Stream } from "effect"
import { PrometheusMetrics } from "effect/observability"
import { Reconnect } from "holdfast"
import { NodeConnection } from "holdfast/node"
import { echoServer } from "./servers/echo.ts"

const main = Effect.gen(function*() {
  const server = yield* echoServer
  const connection = yield* NodeConnection.make({
    // Becomes the attribute `connection` of every metric. Without a name it is the endpoint.
    name: "echo",
    url: server.url,
    heartbeat: { interval: "100 millis", timeout: "5 seconds" },
    reconnect: { schedule: Reconnect.schedule({ first: "200 millis" }) }
  })

  // Something to count: ten messages out and in, a lost session, another session, and the heartbeats of a second.
  const session = yield* connection.awaitOpen
  yield* connection.sendAll(Array.from({ length: 10 }, (_, index) => `message ${index}`))
  yield* connection.messages.pipe(Stream.take(10), Stream.runDrain)
  yield* server.drop
  yield* session.ended
  yield* connection.awaitOpen
  yield* Effect.sleep("1 second")

  const text = yield* PrometheusMetrics.format()
  yield* Console.log(text.split("\n").filter((line) => line.includes("holdfast_")).join("\n"))
})

NodeRuntime.runMain(Effect.scoped(main))
