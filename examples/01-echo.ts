// Sends three messages and prints the answers.
//
//   npx node examples/01-echo.ts [url]
import { NodeRuntime } from "@effect/platform-node"
import { Console, Effect, Stream } from "effect"
import { Connection } from "holdfast"
import { NodeConnection } from "holdfast/node"
import { echoServer } from "./servers/echo.ts"

const program = Effect.gen(function*() {
  const connection = yield* Connection.Connection
  // No need to wait for the connection: what is sent too early waits by itself.
  yield* connection.sendAll(["hold", "fast", "!"])
  yield* connection.messages.pipe(
    Stream.take(3),
    Stream.runForEach((message) => Console.log("echo:", message))
  )
})

const main = Effect.gen(function*() {
  const url = process.argv[2] ?? (yield* echoServer).url
  yield* Effect.provide(program, NodeConnection.layer({ url }))
})

NodeRuntime.runMain(Effect.scoped(main))
