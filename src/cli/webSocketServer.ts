/**
 * A plain WebSocket server, for the commands that are one.
 */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { IncomingMessage } from "node:http"
import type { AddressInfo } from "node:net"
import { type WebSocket, WebSocketServer } from "ws"
import * as Address from "./address.ts"
import type { CliFailure } from "./failure.ts"

/** How a server is made. */
export interface ServerOptions {
  /** `HOST:PORT`, or a port of 127.0.0.1; port 0 is a free one. */
  readonly listen: string
  /** What `listen` is called where it is wrong. */
  readonly flag: string
  /** Whom to accept; an HTTP status for whom not. Everybody, where it is not said. */
  readonly accept?: ((request: IncomingMessage) => number | undefined) | undefined
  /** Chooses among the subprotocols that a client offers; the first of them, where it is not said. */
  readonly subprotocol?: ((offered: ReadonlySet<string>) => string | undefined) | undefined
  /** Called inside the socket's callback. */
  readonly onConnection: (socket: WebSocket, request: IncomingMessage) => void
}

/** Listens for the life of the scope; its clients are told 1001 at the end. Gives the url. */
export const serve = (options: ServerOptions): Effect.Effect<{ readonly url: string }, CliFailure, Scope.Scope> =>
  Effect.gen(function*() {
    const { host, port } = yield* Address.fromListen(options.flag, options.listen)
    const server = yield* Effect.acquireRelease(
      Effect.callback<WebSocketServer, CliFailure>((resume) => {
        const server = new WebSocketServer({
          host,
          port,
          verifyClient: ({ req }, decide) => {
            const status = options.accept?.(req)
            if (status === undefined) decide(true)
            else decide(false, status)
          },
          handleProtocols: (offered) => {
            const [first] = offered
            return (options.subprotocol === undefined ? first : options.subprotocol(offered)) ?? false
          }
        })
        server.once("listening", () => resume(Effect.succeed(server)))
        server.on(
          "error",
          (error: NodeJS.ErrnoException) =>
            resume(Effect.fail(Address.cannotListen(options.flag, options.listen, error)))
        )
        server.on("connection", (socket, request) => {
          // What went wrong is told by its `close`.
          socket.on("error", () => undefined)
          options.onConnection(socket, request)
        })
      }),
      (server) => Effect.timeoutOption(close(server), "2 seconds")
    )
    const { port: actual } = server.address() as AddressInfo
    return { url: Address.url("ws", { host, port: actual }) }
  })

const close = (server: WebSocketServer): Effect.Effect<void> =>
  Effect.callback((resume) => {
    for (const client of server.clients) client.close(1001)
    server.close(() => resume(Effect.void))
    return Effect.sync(() => server.clients.forEach((client) => client.terminate()))
  })

/** Sends, and waits while the client is slow. Succeeds also where the client has gone. */
export const send = (socket: WebSocket, data: string | Uint8Array): Effect.Effect<void> => {
  const binary = typeof data !== "string"
  if (socket.readyState !== socket.OPEN) return Effect.void
  if (socket.bufferedAmount < 256 * 1024) {
    return Effect.sync(() => socket.send(data, { binary }))
  }
  return Effect.callback((resume) => socket.send(data, { binary }, () => resume(Effect.void)))
}
