// A proxy that tunnels CONNECT requests, or refuses them, or says nothing.
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as net from "node:net"
import * as tls from "node:tls"
import { Notice } from "./notice.ts"

export interface ConnectProxy {
  readonly host: string
  /** The addresses from which it was asked. */
  readonly from: ReadonlyArray<string | undefined>
  /** The heads of the requests so far. */
  readonly asked: ReadonlyArray<string>
  /** Waits until a request has come. */
  readonly request: Effect.Effect<string>
  /** Waits until no connection is open, on either side of it. */
  readonly idle: Effect.Effect<void>
}

/** `answer` is `tunnel`, `silence`, or the text of a refusal. With a certificate it is itself spoken to over TLS. */
export const make = (
  answer: string,
  certificate?: tls.TlsOptions & { readonly onCertificate?: (certificate: tls.PeerCertificate) => void }
): Effect.Effect<ConnectProxy, never, Scope.Scope> =>
  Effect.gen(function*() {
    const notice = new Notice()
    const asked: Array<string> = []
    const from: Array<string | undefined> = []
    const sockets = new Set<net.Socket>()
    const keep = (socket: net.Socket) => {
      sockets.add(socket)
      socket.on("error", () => undefined)
      socket.on("close", () => {
        sockets.delete(socket)
        notice.notify()
      })
    }
    const onConnection = (socket: net.Socket) => {
      keep(socket)
      let head = ""
      const onData = (chunk: Buffer) => {
        head += chunk.toString("latin1")
        if (!head.includes("\r\n\r\n")) return
        socket.off("data", onData)
        asked.push(head)
        from.push(socket.remoteAddress)
        if (socket instanceof tls.TLSSocket) certificate?.onCertificate?.(socket.getPeerCertificate())
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
    }
    const server = certificate === undefined
      ? net.createServer(onConnection)
      : tls.createServer(certificate, onConnection).on("tlsClientError", () => undefined).on("connection", keep)
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
      from,
      request: notice.when(() => asked.at(-1)),
      idle: Effect.asVoid(notice.when(() => sockets.size === 0 ? true : undefined))
    }
  })
