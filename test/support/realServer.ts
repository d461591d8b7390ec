// A WebSocket server on a real socket under a test's control: raw TCP (or TLS, or a Unix socket), so that it can give
// every wrong answer. It implements the testing kit's `TestServer`, for the behaviour suite over real transports.
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Headers from "effect/http/Headers"
import type * as Scope from "effect/Scope"
import { createHash } from "node:crypto"
import diagnostics from "node:diagnostics_channel"
import { readFileSync } from "node:fs"
import * as net from "node:net"
import * as tls from "node:tls"
import type { HandshakeRequest } from "../../src/Handshake.ts"
import type { Answers, Dial, TestServer } from "../../src/testing/TestServer.ts"
import { Notice } from "./notice.ts"
import { RealPeer } from "./realPeer.ts"

/** What a client asked for, as it stood on the wire. */
export interface Asked {
  readonly target: string
  readonly headers: Record<string, string>
}

/** Writes an answer; calls `accepted` where what follows are frames. */
export type Answer = (wire: {
  readonly asked: Asked
  readonly socket: net.Socket
  /** The value of a right `Sec-WebSocket-Accept`. */
  readonly accept: string
  readonly accepted: () => RealPeer
}) => void

export interface RealServer extends TestServer {
  readonly url: string
  readonly port: number
  readonly peer: Effect.Effect<RealPeer>
  /** Answers every dial from now on like this. */
  readonly answer: (answer: Answer) => Effect.Effect<void>
  /** A TCP connection that was opened, the next in order, whatever became of it. */
  readonly connection: Effect.Effect<net.Socket>
  /** Waits until no connection is open on this side. */
  readonly idle: Effect.Effect<void>
  /** What the clients asked for so far. */
  readonly asked: Effect.Effect<ReadonlyArray<Asked>>
}

export interface RealServerOptions {
  readonly tls?: tls.TlsOptions | undefined
  /** The path of a Unix socket, instead of a port. */
  readonly path?: string | undefined
  /** Answers nothing, not even TLS: connections are accepted and left alone. */
  readonly silent?: boolean | undefined
}

const fixture = (name: string): string => readFileSync(new URL(`./tls/${name}`, import.meta.url), "utf8")

/** A self-signed certificate for localhost, valid for a hundred years. */
export const certificate = {
  cert: fixture("cert.pem"),
  key: fixture("key.pem"),
  encryptedKey: fixture("key-encrypted.pem"),
  passphrase: "holdfast"
}

export const acceptFor = (key: string): string =>
  createHash("sha1").update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest("base64")

/** The head of an answer. */
export const head = (status: string, headers: Headers.Input): string =>
  `HTTP/1.1 ${status}\r\n` +
  Object.entries(Headers.fromInput(headers)).map(([name, value]) => `${name}: ${value}\r\n`).join("") + "\r\n"

export const switching = (accept: string, headers: Headers.Input = {}): string =>
  head("101 Switching Protocols", {
    upgrade: "websocket",
    connection: "Upgrade",
    "sec-websocket-accept": accept,
    ...Headers.fromInput(headers)
  })

type Behaviour = { readonly answer: Answer } | { readonly refuse: string }

const list = (header: string | undefined): ReadonlyArray<string> =>
  header === undefined ? [] : header.split(",").map((element) => element.trim())

const accepting = (options?: Parameters<Answers["accept"]>[0]): Answer => ({ accept, accepted, asked, socket }) => {
  const subprotocol = options?.subprotocol ?? list(asked.headers["sec-websocket-protocol"])[0] ?? ""
  socket.write(switching(accept, {
    ...(subprotocol === "" ? {} : { "sec-websocket-protocol": subprotocol }),
    ...Headers.fromInput(options?.headers ?? {})
  }))
  accepted()
}

const rejecting = (status: number, options?: Parameters<Answers["reject"]>[1]): Answer => ({ socket }) => {
  const body = Buffer.from(options?.body ?? "")
  socket.end(Buffer.concat([
    Buffer.from(head(`${status} Because`, {
      "content-length": String(body.length),
      ...Headers.fromInput(options?.headers ?? {})
    })),
    body
  ]))
}

const stalling: Answer = () => undefined

const breaking = (check: string): Answer => (wire) => {
  const { accept, asked, socket } = wire
  const offered = list(asked.headers["sec-websocket-protocol"])[0]
  const rest = offered === undefined ? {} : { "sec-websocket-protocol": offered }
  switch (check) {
    case "http":
      return void socket.write("SSH-2.0-OpenSSH_9.2\r\n")
    case "status":
      return rejecting(200)(wire)
    case "upgrade":
      return void socket.write(switching(accept, { ...rest, upgrade: "h2c" }))
    case "connection":
      return void socket.write(switching(accept, { ...rest, connection: "keep-alive" }))
    case "accept":
      return void socket.write(switching(acceptFor("another key"), rest))
    case "extensions":
      return void socket.write(switching(accept, { ...rest, "sec-websocket-extensions": "x-never-offered" }))
    case "subprotocol":
      return void socket.write(switching(accept, { "sec-websocket-protocol": "never-offered" }))
    default:
      throw new Error(`no such check: ${check}`)
  }
}

/** Starts a server that accepts every dial; stopped, with all its connections, when the scope closes. */
export const make = (options: RealServerOptions = {}): Effect.Effect<RealServer, never, Scope.Scope> =>
  Effect.gen(function*() {
    const clock = yield* Clock.clockWith(Effect.succeed)
    const now = () => clock.currentTimeMillisUnsafe()
    const notice = new Notice()
    let standing: Behaviour = { answer: accepting() }
    const queued: Array<Behaviour> = []
    const dials: Array<Dial> = []
    const asked: Array<Asked> = []
    const peers: Array<RealPeer> = []
    const connections: Array<net.Socket> = []
    let takenPeers = 0
    let takenConnections = 0
    let open = 0

    const onConnection = (socket: net.Socket) => {
      connections.push(socket)
      open++
      socket.on("error", () => undefined)
      socket.on("close", () => {
        open--
        notice.notify()
      })
      notice.notify()
      if (options.silent === true) socket.on("end", () => socket.end()).resume()
      else readRequest(socket)
    }

    const readRequest = (socket: net.Socket) => {
      let bytes: Buffer = Buffer.alloc(0)
      const onEnd = () => socket.end()
      const onData = (chunk: Buffer) => {
        bytes = Buffer.concat([bytes, chunk])
        const end = bytes.indexOf("\r\n\r\n")
        if (end === -1) return
        socket.off("data", onData)
        const request = readAsked(bytes.toString("latin1", 0, end))
        asked.push(request)
        dials.push({ at: now(), request: asRequest(url, request) })
        const behaviour = queued.shift() ?? standing
        if ("refuse" in behaviour) return void socket.resetAndDestroy()
        behaviour.answer({
          asked: request,
          socket,
          accept: acceptFor(request.headers["sec-websocket-key"] ?? ""),
          accepted: () => {
            socket.off("end", onEnd)
            const peer = new RealPeer(socket, notice)
            peers.push(peer)
            peer.onData(bytes.subarray(end + 4))
            return peer
          }
        })
        // What nobody reads would hide the client's end.
        if (socket.listenerCount("data") === 0) socket.resume()
        notice.notify()
      }
      socket.on("data", onData)
      socket.on("end", onEnd)
    }

    const server = options.tls === undefined || options.silent === true
      ? net.createServer({ allowHalfOpen: true }, onConnection)
      : tls.createServer({ ...options.tls, allowHalfOpen: true } as tls.TlsOptions, onConnection)
    server.on("tlsClientError", (_error, socket) => socket.destroy())
    const raw = new Set<net.Socket>()
    server.on("connection", (socket: net.Socket) => {
      raw.add(socket)
      socket.on("error", () => undefined)
      socket.on("close", () => raw.delete(socket))
    })

    // The clients of this process, seen from birth: how many hold a descriptor, and the ones to refuse.
    const clients = new Set<net.Socket>()
    const onClient = (message: unknown) => {
      const { socket } = message as { readonly socket: net.Socket }
      clients.add(socket)
      const behaviour = queued[0] ?? standing
      if (!("refuse" in behaviour)) return
      queued.shift()
      dials.push({ at: now(), request: asRequest(url, { target: "/", headers: {} }) })
      const error = Object.assign(new Error(`connect ${behaviour.refuse}`), { code: behaviour.refuse })
      process.nextTick(() => socket.destroy(error))
    }
    diagnostics.subscribe("net.client.socket", onClient)

    yield* Effect.acquireRelease(
      Effect.callback<void>((resume) => {
        const listening = () => resume(Effect.void)
        if (options.path !== undefined) server.listen(options.path, listening)
        else server.listen(0, "127.0.0.1", listening)
      }),
      () =>
        Effect.callback<void>((resume) => {
          diagnostics.unsubscribe("net.client.socket", onClient)
          server.close(() => resume(Effect.void))
          for (const socket of raw) socket.destroy()
        })
    )
    const address = server.address()
    const port = typeof address === "object" && address !== null ? address.port : 0
    const scheme = options.tls === undefined ? "ws" : "wss"
    const url = options.path === undefined ? `${scheme}://127.0.0.1:${port}/` : `ws+unix:${options.path}:/`

    const isOpen = (socket: net.Socket): boolean =>
      !socket.destroyed && (socket.connecting || options.path !== undefined || socket.remotePort === port)

    const answersWith = (use: (behaviour: Behaviour) => void): Answers => ({
      accept: (options) => Effect.sync(() => use({ answer: accepting(options) })),
      reject: (status, options) => Effect.sync(() => use({ answer: rejecting(status, options) })),
      refuse: (code) => Effect.sync(() => use({ refuse: code })),
      stall: Effect.sync(() => use({ answer: stalling })),
      invalid: (check) => Effect.sync(() => use({ answer: breaking(check) }))
    })
    const stand = (behaviour: Behaviour) => {
      standing = behaviour
    }
    return {
      ...answersWith(stand),
      next: answersWith((behaviour) => queued.push(behaviour)),
      answer: (answer) => Effect.sync(() => stand({ answer })),
      url,
      port,
      peer: notice.when(() => peers[takenPeers] === undefined ? undefined : peers[takenPeers++]),
      connection: notice.when(() =>
        connections[takenConnections] === undefined ? undefined : connections[takenConnections++]
      ),
      idle: notice.when(() => open === 0 ? true : undefined),
      dials: Effect.sync(() => [...dials]),
      asked: Effect.sync(() => [...asked]),
      openLinks: Effect.sync(() => Array.from(clients).filter(isOpen).length)
    }
  })

const readAsked = (text: string): Asked => {
  const [first = "", ...lines] = text.split("\r\n")
  const headers: Record<string, string> = {}
  for (const line of lines) {
    const colon = line.indexOf(":")
    headers[line.slice(0, colon).toLowerCase()] = line.slice(colon + 1).trim()
  }
  return { target: first.split(" ")[1] ?? "", headers }
}

const ours = /^(?:upgrade|connection|host|sec-websocket-.*)$/

const asRequest = (url: string, { headers, target }: Asked): HandshakeRequest => ({
  url: url.slice(0, -1) + target,
  headers: Headers.fromInput(Object.fromEntries(Object.entries(headers).filter(([name]) => !ours.test(name)))),
  subprotocols: list(headers["sec-websocket-protocol"]),
  extensions: list(headers["sec-websocket-extensions"]),
  attempt: 0,
  endpoint: url.slice(0, -1) + target.replace(/\?.*/, "")
})
