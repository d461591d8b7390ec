// A WebSocket server that does, when told, what servers, proxies and networks do to clients. It speaks raw TCP, since
// no WebSocket library would agree to most of this.
import { Effect, type Scope } from "effect"
import { createHash } from "node:crypto"
import { type AddressInfo, createServer, type Socket } from "node:net"
import * as frames from "./frames.ts"

/** How a dial can be answered. */
export type Answer =
  | { readonly _tag: "Serve" }
  /** An HTTP status in place of 101. */
  | { readonly _tag: "Refuse"; readonly status: string; readonly headers: Readonly<Record<string, string>> }
  /** A good handshake, and a Close frame right behind it. */
  | { readonly _tag: "CloseAtOnce"; readonly code: number; readonly reason: string }
  /** A 101 whose `Sec-WebSocket-Accept` belongs to another request, as a confused cache would send it. */
  | { readonly _tag: "BadAccept" }

export interface MisbehavingServer {
  readonly url: string
  /** Answers the next dials like this, each by one; afterwards dials are served. */
  readonly answerNext: (answers: ReadonlyArray<Answer>) => Effect.Effect<void>
  /** Sends texts to every open session, all at once; tells their ids, counted from 1 as they opened. */
  readonly send: (messages: ReadonlyArray<string>) => Effect.Effect<ReadonlyArray<number>>
  /** Ends every open session with a Close frame. */
  readonly close: (code: number, reason: string) => Effect.Effect<void>
  /** From now on no packet of the open sessions gets through in either direction, and nobody is told. */
  readonly goSilent: Effect.Effect<void>
  /** Resets the open sessions in the middle of a message, without a Close frame; tells their ids. */
  readonly dropWithin: (message: string) => Effect.Effect<ReadonlyArray<number>>
  /** When each dial came, in milliseconds of `performance.now()`. */
  readonly dials: Effect.Effect<ReadonlyArray<number>>
  /** How many sessions were opened so far. */
  readonly sessions: Effect.Effect<number>
  /** The code of the last Close frame that a client sent. */
  readonly lastClose: Effect.Effect<number | undefined>
  /** How many TCP connections are open. */
  readonly connections: Effect.Effect<number>
}

interface Session {
  readonly id: number
  readonly socket: Socket
  silent: boolean
}

/** A server on a free port of this machine; stopped when the scope closes. */
export const misbehavingServer: Effect.Effect<MisbehavingServer, never, Scope.Scope> = Effect.gen(function*() {
  const sockets = new Set<Socket>()
  const open = new Map<Socket, Session>()
  const answers: Array<Answer> = []
  const dials: Array<number> = []
  let sessions = 0
  let lastClose: number | undefined

  const onConnection = (socket: Socket) => {
    sockets.add(socket)
    socket.setNoDelay(true)
    socket.on("error", () => undefined)
    socket.on("close", () => {
      sockets.delete(socket)
      open.delete(socket)
    })
    let head = ""
    const onData = (chunk: Buffer) => {
      // A client sends no frames before it was answered, so there is nothing behind the head.
      head += chunk.toString("latin1")
      if (!head.endsWith("\r\n\r\n")) return
      socket.off("data", onData)
      onDial(socket, /^sec-websocket-key: *(\S+)/im.exec(head)?.[1] ?? "")
    }
    socket.on("data", onData)
  }

  const onDial = (socket: Socket, key: string) => {
    dials.push(performance.now())
    const answer = answers.shift() ?? { _tag: "Serve" }
    switch (answer._tag) {
      case "Refuse":
        return socket.end(head(answer.status, { ...answer.headers, "content-length": "0" }))
      case "BadAccept":
        return socket.resume().write(switching(acceptFor("a key from another request")))
      case "CloseAtOnce":
        sessions++
        return socket.resume().end(Buffer.concat([switching(acceptFor(key)), frames.close(answer.code, answer.reason)]))
      case "Serve":
        socket.write(switching(acceptFor(key)))
        return serve({ id: ++sessions, socket, silent: false })
    }
  }

  const serve = (session: Session) => {
    const { socket } = session
    open.set(socket, session)
    const reader = new frames.FrameReader()
    socket.on("data", (chunk) => {
      if (session.silent) return
      for (const { opcode, payload } of reader.read(chunk)) {
        if (opcode === frames.opcode.ping) socket.write(frames.encode(frames.opcode.pong, payload))
        if (opcode === frames.opcode.close) {
          lastClose = payload.length < 2 ? 1005 : payload.readUInt16BE()
          // After our own Close this is the answer; otherwise it wants one (RFC 6455 §5.5.1).
          if (open.delete(socket)) socket.write(frames.encode(opcode, payload))
          socket.end()
        }
      }
    })
  }

  const server = createServer(onConnection)
  yield* Effect.acquireRelease(
    Effect.callback<void>((resume) => {
      server.listen(0, "127.0.0.1", () => resume(Effect.void))
    }),
    () =>
      Effect.callback<void>((resume) => {
        server.close(() => resume(Effect.void))
        for (const socket of sockets) socket.destroy()
      })
  )

  /** Does it to every open session, and tells which they were. */
  const each = (act: (session: Session) => void) =>
    Effect.sync(() => {
      const now = [...open.values()]
      for (const session of now) act(session)
      return now.map(({ id }) => id)
    })

  return {
    url: `ws://127.0.0.1:${(server.address() as AddressInfo).port}/feed`,
    answerNext: (next) => Effect.sync(() => void answers.push(...next)),
    send: (messages) => {
      const bytes = Buffer.concat(messages.map(frames.text))
      // What goes into a silent session is lost, but the server does not know: its id is told as well.
      return each(({ silent, socket }) => void (silent || socket.write(bytes)))
    },
    close: (code, reason) =>
      Effect.asVoid(each(({ socket }) => {
        open.delete(socket)
        socket.write(frames.close(code, reason))
      })),
    goSilent: Effect.asVoid(each((session) => {
      session.silent = true
    })),
    dropWithin: (message) =>
      each(({ socket }) => {
        open.delete(socket)
        const frame = frames.text(message)
        socket.write(frame.subarray(0, -1), () => socket.resetAndDestroy())
      }),
    dials: Effect.sync(() => [...dials]),
    sessions: Effect.sync(() => sessions),
    lastClose: Effect.sync(() => lastClose),
    connections: Effect.sync(() => sockets.size)
  }
})

const acceptFor = (key: string): string =>
  createHash("sha1").update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest("base64")

const head = (status: string, headers: Readonly<Record<string, string>>): Buffer => {
  const lines = [`HTTP/1.1 ${status}`, ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`)]
  return Buffer.from(`${lines.join("\r\n")}\r\n\r\n`)
}

const switching = (accept: string): Buffer =>
  head("101 Switching Protocols", {
    "upgrade": "websocket",
    "connection": "Upgrade",
    "sec-websocket-accept": accept
  })
