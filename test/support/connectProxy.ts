// A proxy that tunnels CONNECT requests, or refuses them, or says nothing.
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as net from "node:net"
import { Notice } from "./notice.ts"

export interface ConnectProxy {
  readonly host: string
  /** The heads of the requests so far. */
  readonly asked: ReadonlyArray<string>
  /** Waits until a request has come. */
  readonly request: Effect.Effect<string>
  readonly idle: Effect.Effect<void>
}

/** `answer` is `tunnel`, `silence`, or the text of a refusal. */
export const make = (
  answer: string
): Effect.Effect<ConnectProxy, never, Scope.Scope> =>
  Effect.gen(function*() {
    const notice = new Notice()
    const asked: Array<string> = []
    const sockets = new Set<net.Socket>()
    const keep = (socket: net.Socket) => {
      sockets.add(socket)
      socket.on("error", () => undefined)
      socket.on("close", () => {
        sockets.delete(socket)
        notice.notify()
      })
    }
    const server = net.createServer((socket) => {
      keep(socket)
      let head = ""
      const onData = (chunk: Buffer) => {
        head += chunk.toString("latin1")
        if (!head.includes("\r\n\r\n")) return
        socket.off("data", onData)
        asked.push(head)
        notice.notify()
        if (answer === "silence") return void socket.resume()
        if (answer !== "tunnel") return void socket.end(answer)
        const [, host = "", port = ""] = /^CONNECT \[?(.+?)\]?:(\d+) /.exec(head) ?? []
        const upstream = net.connect(Number(port), host, () => {
          socket.write("HTTP/1.1 200 Connection established\r\n\r\n")
          socket.pipe(upstream).pipe(socket)
        })
        keep(upstream)
        socket.on("close", () => upstream.destroy())
        upstream.on("close", () => socket.destroy())
      }
      socket.on("data", onData)
    })
    yield* Effect.acquireRelease(
      Effect.callback<void>((resume) => void server.listen(0, "127.0.0.1", () => resume(Effect.void))),
      () =>
        Effect.callback<void>((resume) => {
          server.close(() => resume(Effect.void))
          for (const socket of sockets) socket.destroy()
        })
    )
    const address = server.address() as net.AddressInfo
    return {
      host: `127.0.0.1:${address.port}`,
      asked,
      request: notice.when(() => asked.at(-1)),
      idle: Effect.asVoid(notice.when(() => sockets.size === 0 ? true : undefined))
    }
  })
