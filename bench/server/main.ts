// The server's process: sends frames that were built beforehand, and reads with the least that a frame takes, so that
// what is measured is always the client. Says its port on standard output; ends with its standard input.
import * as net from "node:net"
import { beats, listening, lose, losses, peers } from "./peers.ts"
import { accept, type OpeningRequest, readRequest, respond } from "./request.ts"

const sockets = new Set<net.Socket>()

const server = net.createServer({ noDelay: true }, (socket) => {
  sockets.add(socket)
  socket.on("close", () => sockets.delete(socket))
  // A client may go as it likes.
  socket.on("error", () => {})
  readRequest(socket, (request, rest) => {
    if (request.key === undefined) {
      socket.end(respond(JSON.stringify(control(request))))
      return
    }
    const peer = peers[request.path]
    if (peer === undefined) throw new Error(`the server knows no ${request.path}`)
    socket.write(accept(request.key))
    const onData = peer(socket, request.query)
    if (onData === undefined) return
    if (rest.length > 0) onData(rest)
    socket.on("data", onData)
  })
})

/** What a measurement asks for beside its connections. */
const control = ({ path, query }: OpeningRequest): unknown => {
  switch (path) {
    case "/beats":
      return { beats: beats.count }
    case "/losses":
      return { left: losses.left, kept: losses.kept === undefined ? 0 : 1 }
    case "/lose": {
      losses.left = Number(query.get("sessions"))
      const { kept } = losses
      losses.kept = undefined
      if (kept !== undefined) lose(kept)
      return {}
    }
    case "/restart":
      setImmediate(restart, Number(query.get("downtime")))
      return {}
    default:
      throw new Error(`the server has no ${path}`)
  }
}

const listen = (port: number): void => {
  server.listen({ port, host: "127.0.0.1", backlog: 4096 })
}

const restart = (downtime: number): void => {
  const { port } = server.address() as net.AddressInfo
  server.close(() => setTimeout(listen, downtime, port))
  for (const socket of sockets) socket.destroy()
}

let told = false
server.on("listening", () => {
  listening.at = process.hrtime.bigint()
  if (told) return
  told = true
  process.stdout.write(`${(server.address() as net.AddressInfo).port}\n`)
})
process.stdin.on("end", () => process.exit()).resume()
listen(0)
