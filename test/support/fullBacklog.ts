// A port at which TCP itself stalls: its process is stopped and its queue of connections full, so that the kernel
// answers no SYN. Linux does so; others may refuse instead.
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { spawn } from "node:child_process"
import * as net from "node:net"

const program = `require("node:net").createServer().listen({ port: 0, host: "127.0.0.1", backlog: 1 },
  function () { console.log(this.address().port) })`

export const make: Effect.Effect<number, never, Scope.Scope> = Effect.gen(function*() {
  const child = yield* Effect.acquireRelease(
    Effect.sync(() => spawn(process.execPath, ["-e", program], { stdio: ["ignore", "pipe", "inherit"] })),
    (child) =>
      Effect.callback<void>((resume) => {
        child.on("close", () => resume(Effect.void))
        child.kill("SIGKILL")
      })
  )
  const port = yield* Effect.callback<number>((resume) =>
    void child.stdout.once("data", (text: Buffer) => resume(Effect.succeed(Number(text))))
  )
  child.kill("SIGSTOP")
  while (yield* connects(port)) {
    // The queue has room for a few.
  }
  return port
})

/** Whether one more connection is answered; those that are not wait, too, until the scope closes. */
const connects = (port: number): Effect.Effect<boolean, never, Scope.Scope> =>
  Effect.gen(function*() {
    const socket = yield* Effect.acquireRelease(
      Effect.sync(() => net.connect(port, "127.0.0.1").on("error", () => undefined)),
      (socket) => Effect.sync(() => socket.destroy())
    )
    const connected = Effect.callback<void>((resume) => void socket.once("connect", () => resume(Effect.void)))
    return (yield* Effect.timeoutOption(connected, "200 millis"))._tag === "Some"
  })
