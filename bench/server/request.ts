// The opening handshake, and the plain GET by which a measurement steers the server.
import { createHash } from "node:crypto"
import type { Socket } from "node:net"

export interface OpeningRequest {
  readonly path: string
  readonly query: URLSearchParams
  /** Undefined for a plain GET. */
  readonly key: string | undefined
}

/** Reads the request's head; what follows it is the first chunk of frames. */
export const readRequest = (socket: Socket, onRequest: (request: OpeningRequest, rest: Buffer) => void): void => {
  let head: Buffer = Buffer.alloc(0)
  const onData = (chunk: Buffer) => {
    head = head.length === 0 ? chunk : Buffer.concat([head, chunk])
    const end = head.indexOf("\r\n\r\n")
    if (end < 0) return
    socket.off("data", onData)
    const text = head.toString("latin1", 0, end)
    const url = new URL(/^GET (\S+)/.exec(text)?.[1] ?? "/", "http://localhost")
    const key = /^sec-websocket-key:\s*(\S+)/im.exec(text)?.[1]
    onRequest({ path: url.pathname, query: url.searchParams, key }, head.subarray(end + 4))
  }
  socket.on("data", onData)
}

const guid = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"

export const accept = (key: string): string =>
  [
    "HTTP/1.1 101 Switching Protocols",
    "Upgrade: websocket",
    "Connection: Upgrade",
    `Sec-WebSocket-Accept: ${createHash("sha1").update(key + guid).digest("base64")}`,
    "\r\n"
  ].join("\r\n")

export const respond = (body: string): string =>
  [
    "HTTP/1.1 200 OK",
    "Content-Type: application/json",
    `Content-Length: ${Buffer.byteLength(body)}`,
    "Connection: close",
    `\r\n${body}`
  ].join("\r\n")
