// A server of `ws`, for the life of the scope: a peer that keeps the rules.
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { IncomingMessage } from "node:http"
import type { AddressInfo } from "node:net"
import { type ServerOptions, type WebSocket, WebSocketServer } from "ws"

export interface WsServer {
  readonly url: string
  readonly port: number
  readonly server: WebSocketServer
}

export const make = (
  onConnection: (socket: WebSocket, request: IncomingMessage) => void,
  options: ServerOptions = {}
): Effect.Effect<WsServer, never, Scope.Scope> =>
  Effect.map(
    Effect.acquireRelease(
      Effect.callback<WebSocketServer>((resume) => {
        const server = new WebSocketServer({ host: "127.0.0.1", port: 0, ...options })
        server.on("connection", (socket, request) => {
          socket.on("error", () => undefined)
          onConnection(socket, request)
        })
        server.once("listening", () => resume(Effect.succeed(server)))
      }),
      (server) =>
        Effect.callback<void>((resume) => {
          for (const client of server.clients) client.terminate()
          server.close(() => resume(Effect.void))
        })
    ),
    (server) => {
      const { port } = server.address() as AddressInfo
      return { url: `ws://127.0.0.1:${port}/`, port, server }
    }
  )

/** Sends back whatever it receives. */
export const echo = (options?: ServerOptions): Effect.Effect<WsServer, never, Scope.Scope> =>
  make((socket) => socket.on("message", (data, isBinary) => socket.send(data, { binary: isBinary })), options)
