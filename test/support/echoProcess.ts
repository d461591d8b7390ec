// An echo server in a process of its own: run as a program it is one, imported it starts one.
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { spawn } from "node:child_process"
import type { AddressInfo } from "node:net"
import { fileURLToPath } from "node:url"
import { WebSocketServer } from "ws"

const here = fileURLToPath(import.meta.url)

/** Its url, for the life of the scope. */
export const echoProcess: Effect.Effect<string, never, Scope.Scope> = Effect.gen(function*() {
  const child = yield* Effect.acquireRelease(
    Effect.sync(() => spawn(process.execPath, [here], { stdio: ["ignore", "pipe", "inherit"] })),
    (child) =>
      Effect.callback<void>((resume) => {
        child.once("close", () => resume(Effect.void))
        child.kill("SIGKILL")
      })
  )
  return yield* Effect.callback<string>((resume) => {
    child.stdout.once("data", (chunk: Buffer) => resume(Effect.succeed(chunk.toString().trim())))
  })
})

const mark = 1024 * 1024

const serve = () => {
  const server = new WebSocketServer({ host: "127.0.0.1", port: 0 }, () => {
    process.stdout.write(`ws://127.0.0.1:${(server.address() as AddressInfo).port}/\n`)
  })
  server.on("connection", (socket) =>
    socket.on("message", (data, isBinary) => {
      socket.send(data, { binary: isBinary }, () => {
        if (socket.isPaused && socket.bufferedAmount < mark / 4) socket.resume()
      })
      if (socket.bufferedAmount > mark) socket.pause()
    }))
}

if (process.argv[1] === here) serve()
