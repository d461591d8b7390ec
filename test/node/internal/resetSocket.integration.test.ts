import { once } from "node:events"
import * as net from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Duplex } from "node:stream"
import * as tls from "node:tls"
import { afterEach, describe, expect, it } from "vitest"
import { resetSocket } from "../../../src/node/internal/resetSocket.ts"
import { certificate } from "../../support/realServer.ts"

const servers = new Set<net.Server>()
afterEach(() => {
  for (const server of servers) server.close()
  servers.clear()
})

/** What the server is told of the end of its only connection. */
const endAtServer = (server: net.Server, event: string): Promise<string> => {
  servers.add(server)
  return new Promise((resolve) => {
    server.once(event, (socket: net.Socket) => {
      let error = "end"
      socket.resume()
      socket.on("error", (cause: NodeJS.ErrnoException) => (error = cause.code ?? ""))
      socket.on("close", () => resolve(error))
    })
  })
}

const listen = async (server: net.Server, path?: string): Promise<number> => {
  server.listen(path === undefined ? { port: 0, host: "127.0.0.1" } : { path })
  await once(server, "listening")
  const address = server.address()
  return typeof address === "object" && address !== null ? address.port : 0
}

describe("resetSocket", () => {
  it("resets TCP, and the socket is closed", async () => {
    const server = net.createServer()
    const end = endAtServer(server, "connection")
    const socket = net.connect(await listen(server), "127.0.0.1")
    await once(socket, "connect")
    const closed = once(socket, "close")
    resetSocket(socket)
    expect(await end).toBe("ECONNRESET")
    await closed
  })

  it("resets TCP below TLS, and the socket is closed", async () => {
    const server = tls.createServer(certificate)
    const end = endAtServer(server, "secureConnection")
    server.on("secureConnection", (accepted) => accepted.write("welcome"))
    const socket = tls.connect({ port: await listen(server), host: "127.0.0.1", rejectUnauthorized: false })
    await once(socket, "data")
    const closed = once(socket, "close")
    resetSocket(socket)
    expect(await end).toBe("ECONNRESET")
    await closed
  })

  it("destroys a socket whose end is under way", async () => {
    const server = net.createServer()
    const end = endAtServer(server, "connection")
    const socket = net.connect(await listen(server), "127.0.0.1")
    await once(socket, "connect")
    const closed = once(socket, "close")
    socket.end("x")
    resetSocket(socket)
    await closed
    await end
    expect(socket.destroyed).toBe(true)
  })

  it("destroys a Unix socket", async () => {
    const path = join(tmpdir(), `holdfast-reset-${process.pid}.sock`)
    const server = net.createServer((socket) => socket.on("end", () => socket.end()))
    const end = endAtServer(server, "connection")
    await listen(server, path)
    const socket = net.connect(path)
    await once(socket, "connect")
    const closed = once(socket, "close")
    resetSocket(socket)
    await closed
    expect(await end).toBe("end")
  })

  it("destroys a stream that is no socket", async () => {
    const stream = new Duplex({ read() {}, write() {} })
    const closed = once(stream, "close")
    resetSocket(stream as net.Socket)
    await closed
    expect(stream.destroyed).toBe(true)
  })
})
