// A client that says in which state it is, and closes its scope when its standard input ends. Then this process has
// nothing left to do, and nobody calls `exit`.
import { Effect, Exit, References, Scope, Stream } from "effect"
import { NodeConnection } from "holdfast/node"

const [url = "", state = ""] = process.argv.slice(2)

const awaited = { open: "Open", dialling: "Connecting", waiting: "Waiting" }[state]

const inputEnds = Effect.callback<void>((resume) => {
  process.stdin.resume().once("end", () => resume(Effect.void))
})

const main = Effect.gen(function*() {
  const scope = yield* Scope.make()
  const connection = yield* Scope.provide(
    NodeConnection.make({ url, closeTimeout: "500 millis", timeout: "1 minute" }),
    scope
  )
  yield* Stream.runHead(Stream.filter(connection.changes, ({ _tag }) => _tag === awaited))
  process.stdout.write(`${state}\n`)
  yield* inputEnds
  yield* Scope.close(scope, Exit.void)
})

void Effect.runFork(Effect.provideService(main, References.MinimumLogLevel, "None"))
