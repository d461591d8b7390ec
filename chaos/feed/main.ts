// The server's process: it numbers a feed for all its sessions, keeps books about what they send, and does what it is
// told. It is a process of its own so that it can be stopped, killed, and put at the other end of a cable.
import { readFileSync } from "node:fs"
import { createServer, type Server, type ServerResponse } from "node:http"
import { createServer as createSecureServer } from "node:https"
import { type WebSocket, WebSocketServer } from "ws"
import { written } from "./books.ts"
import type { Command, Question, Reply } from "./commands.ts"

/** What one session may have waiting; a client that is gone would fill the memory. */
const mostWaiting = 8 * 1024 * 1024

/** Numbers and sessions are counted from here, so that a server in the place of another goes on where that one was. */
const base = Number(process.argv[2] ?? 0)

const open = new Map<WebSocket, number>()
const closes: Array<number> = []
let sessions = base
let published = base
let width = 0
let closeAtOnce = 0
let feeding: NodeJS.Timeout | undefined
let server: Server | undefined
let received = { messages: 0, last: 0, twice: 0, outOfOrder: 0 }

const publish = (width: number): void => {
  published++
  for (const [socket, session] of open) {
    if (socket.bufferedAmount > mostWaiting) socket.terminate()
    else socket.send(written(session, published, width))
  }
}

const onMessage = (text: string): void => {
  const number = Number.parseInt(text, 10)
  const { last, messages, outOfOrder, twice } = received
  received = {
    messages: messages + 1,
    last: Math.max(last, number),
    twice: twice + (number === last ? 1 : 0),
    outOfOrder: outOfOrder + (number < last ? 1 : 0)
  }
}

const onConnection = (socket: WebSocket): void => {
  const session = ++sessions
  socket.on("error", () => undefined)
  if (closeAtOnce !== 0) return socket.close(closeAtOnce)
  open.set(socket, session)
  socket.on("message", (data: Buffer) => onMessage(data.toString("latin1")))
  socket.on("close", (code) => {
    if (open.delete(socket)) closes.push(code)
  })
}

const listen = (host: string, port: number, secure: boolean): Promise<void> =>
  new Promise((resolve) => {
    server = secure ? createSecureServer(certificate(), refuse) : createServer(refuse)
    const feed = new WebSocketServer({ server, perMessageDeflate: false })
    feed.on("connection", onConnection)
    server.listen(port, host, resolve)
  })

/** What is no WebSocket request. */
const refuse = (_request: unknown, response: ServerResponse): void => {
  response.writeHead(426, { connection: "upgrade", upgrade: "websocket" }).end()
}

const certificate = () => {
  const read = (name: string) => readFileSync(new URL(`../../test/support/tls/${name}`, import.meta.url))
  return { cert: read("cert.pem"), key: read("key.pem") }
}

const obey = async (command: Command): Promise<void> => {
  switch (command._tag) {
    case "listen":
      return listen(command.host, command.port, command.secure)
    case "feed":
      clearInterval(feeding)
      width = command.width
      if (command.every > 0) feeding = setInterval(() => publish(width), command.every)
      return
    case "burst":
      for (let i = 0; i < command.count; i++) publish(command.width)
      return
    case "close":
      for (const socket of open.keys()) socket.close(command.code, command.reason)
      open.clear()
      return
    case "closeAtOnce":
      closeAtOnce = command.code
      return
    case "stats":
      return
  }
}

const portOf = (): number => {
  const address = server?.address()
  return typeof address === "object" && address !== null ? address.port : 0
}

process.on("message", ({ command, id }: Question) => {
  void obey(command).then(() => {
    const stats = { published, sessions, open: open.size, received, closes }
    process.send?.({ id, port: portOf(), stats } satisfies Reply)
  })
})
// It lives no longer than who started it.
process.on("disconnect", () => process.exit())
process.send?.({ id: 0, port: 0, stats: { published, sessions, open: 0, received, closes } } satisfies Reply)
