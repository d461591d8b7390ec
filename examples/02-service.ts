// A service that listens until it is told to stop, and then leaves in good order: what was sent goes out, the server
// is told "going away", nothing is left open, the exit code is 0.
//
//   npx node examples/02-service.ts [url]      then Ctrl-C, or kill -TERM <its process id>
//
// Without a url it serves itself, and tells itself to stop after two seconds.
import { Cause, Console, Effect, Exit, Fiber, Stream } from "effect"
import { Connection } from "holdfast"
import { NodeConnection } from "holdfast/node"
import { marketServer } from "./servers/market.ts"

const service = Effect.gen(function*() {
  const connection = yield* Connection.Connection
  const session = yield* connection.awaitOpen
  yield* Console.log(`process ${process.pid} listens to ${session.endpoint}`)
  yield* Stream.runForEach(connection.messages, (message) => Console.log("price:", message))
})

const program = Effect.gen(function*() {
  const url = process.argv[2] ?? (yield* servingMyself)
  // 1001 is "going away" (RFC 6455 §7.4.1): a server may take it for a client that will be back.
  yield* Effect.provide(service, NodeConnection.layer({ url, closeCode: 1001 }))
})

const servingMyself = Effect.gen(function*() {
  const { url } = yield* marketServer
  yield* Effect.sync(() => process.kill(process.pid, "SIGTERM")).pipe(Effect.delay("2 seconds"), Effect.forkScoped)
  return `${url}/feed`
})

const fiber = Effect.runFork(Effect.scoped(program))

// To interrupt the fiber is to close its scopes, the connection's among them; the process ends when nothing is left.
const stop = () => Effect.runFork(Fiber.interrupt(fiber))
process.once("SIGTERM", stop).once("SIGINT", stop)

fiber.addObserver((exit) => {
  process.off("SIGTERM", stop).off("SIGINT", stop)
  const stopped = Exit.isSuccess(exit) || Exit.hasInterrupts(exit)
  process.exitCode = stopped ? 0 : 1
  process.stdout.write(stopped ? "closed in good order, bye\n" : `gave up: ${Cause.pretty(exit.cause)}\n`)
})
