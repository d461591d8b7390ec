// What the servers of the examples share: a WebSocket server on a free port of this machine, for the life of the scope.
import { Effect, type Scope } from "effect"
import { createServer, type IncomingMessage, type RequestListener } from "node:http"
import type { AddressInfo } from "node:net"
import { type RawData, type ServerOptions, type WebSocket, WebSocketServer } from "ws"

export interface LocalServer {
  readonly url: string
  /** Cuts every connection, as a crash would: without a Close frame. */
  readonly drop: Effect.Effect<void>
}

export interface Listener extends Pick<ServerOptions, "verifyClient"> {
  readonly onConnection?: ((socket: WebSocket, path: string, request: IncomingMessage) => void) | undefined
  /** For libraries that want the server itself. */
  readonly onServer?: ((server: WebSocketServer) => void) | undefined
  /** Answers plain HTTP, where there is something to be answered. */
  readonly onRequest?: RequestListener | undefined
}

/** What was received, as text. */
export const textOf = (data: RawData): string => Buffer.isBuffer(data) ? data.toString() : ""

export const listen = (
  { onConnection, onRequest, onServer, ...options }: Listener
): Effect.Effect<LocalServer, never, Scope.Scope> =>
  Effect.gen(function*() {
    const http = createServer(onRequest)
    const sockets = new WebSocketServer({ ...options, server: http })
    sockets.on("connection", (socket, request) => onConnection?.(socket, request.url ?? "/", request))
    onServer?.(sockets)
    const cut = () => {
      for (const socket of sockets.clients) socket.terminate()
    }
    yield* Effect.acquireRelease(
      Effect.callback<void>((resume) => {
        http.listen(0, "127.0.0.1", () => resume(Effect.void))
      }),
      () =>
        Effect.callback<void>((resume) => {
          cut()
          http.close(() => resume(Effect.void))
          http.closeAllConnections()
        })
    )
    const { port } = http.address() as AddressInfo
    return { url: `ws://127.0.0.1:${port}`, drop: Effect.sync(cut) }
  })
