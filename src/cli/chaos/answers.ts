/**
 * Answers to opening handshakes, right and wrong, as bytes (RFC 6455 §4.2.2).
 */
import { createHash } from "node:crypto"
import type { AnswerFault } from "./Fault.ts"

/** A request as it stood on the wire. */
export interface Asked {
  readonly method: string
  readonly target: string
  /** By name in lower case. */
  readonly headers: Readonly<Record<string, string>>
}

export const readAsked = (head: string): Asked => {
  const [first = "", ...lines] = head.split("\r\n")
  const [method = "", target = ""] = first.split(" ")
  const headers: Record<string, string> = {}
  for (const line of lines) {
    const colon = line.indexOf(":")
    if (colon > 0) headers[line.slice(0, colon).toLowerCase()] = line.slice(colon + 1).trim()
  }
  return { method, target, headers }
}

/** Whether it wants a WebSocket, and not a page. */
export const isUpgrade = ({ headers }: Asked): boolean =>
  headers["upgrade"]?.toLowerCase() === "websocket" || headers["sec-websocket-key"] !== undefined

/** RFC 6455 §1.3. */
export const acceptFor = (key: string): string =>
  createHash("sha1").update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest("base64")

const head = (status: string, headers: Readonly<Record<string, string | undefined>>): Buffer => {
  const lines = Object.entries(headers).flatMap(([name, value]) => value === undefined ? [] : [`${name}: ${value}`])
  return Buffer.from(`HTTP/1.1 ${[status, ...lines].join("\r\n")}\r\n\r\n`)
}

const phrases: Readonly<Record<number, string>> = {
  200: "OK",
  301: "Moved Permanently",
  302: "Found",
  307: "Temporary Redirect",
  308: "Permanent Redirect",
  400: "Bad Request",
  401: "Unauthorized",
  403: "Forbidden",
  404: "Not Found",
  429: "Too Many Requests",
  500: "Internal Server Error",
  502: "Bad Gateway",
  503: "Service Unavailable",
  504: "Gateway Timeout"
}

type Refusal = Extract<AnswerFault, { readonly fault: "refuse" }>

const refusal = (fault: Refusal): Buffer => {
  const status = fault.status ?? 503
  const body = Buffer.from(fault.body ?? "")
  return Buffer.concat([
    head(`${status} ${phrases[status] ?? "Because"}`, {
      "retry-after": fault["retry-after"],
      "location": fault.location,
      "content-length": String(body.length)
    }),
    body
  ])
}

/** What is answered. */
export interface Answer {
  readonly bytes: Buffer
  /** A session, where the handshake is right; else TCP ends, or it is the client's to hang up. */
  readonly next: "session" | "end" | "wait"
}

const offered = (header: string | undefined): ReadonlyArray<string> =>
  (header ?? "").split(",").map((name) => name.trim()).filter((name) => name !== "")

/** No client may take these for a session. */
const wrong: ReadonlySet<AnswerFault["fault"]> = new Set([
  "wrong-accept",
  "no-upgrade",
  "no-connection",
  "wrong-subprotocol",
  "unasked-extension"
])

/** The answer to this dial; without faults, the right one, which chooses the first subprotocol and no extension. */
export const answer = (asked: Asked, faults: ReadonlyArray<AnswerFault>): Answer => {
  const key = asked.headers["sec-websocket-key"] ?? ""
  const headers: Record<string, string | undefined> = {
    "upgrade": "websocket",
    "connection": "Upgrade",
    "sec-websocket-accept": acceptFor(key),
    "sec-websocket-protocol": offered(asked.headers["sec-websocket-protocol"])[0]
  }
  for (const fault of faults) {
    switch (fault.fault) {
      case "refuse":
        return { bytes: refusal(fault), next: "end" }
      case "not-http":
        return { bytes: Buffer.from("SSH-2.0-OpenSSH_9.2\r\n"), next: "end" }
      case "wrong-accept":
        headers["sec-websocket-accept"] = acceptFor("a key from another request")
        break
      case "no-upgrade":
        delete headers["upgrade"]
        break
      case "no-connection":
        delete headers["connection"]
        break
      case "wrong-subprotocol":
        headers["sec-websocket-protocol"] = fault.name ?? "never-offered"
        break
      case "no-subprotocol":
        delete headers["sec-websocket-protocol"]
        break
      case "unasked-extension":
        headers["sec-websocket-extensions"] = fault.name ?? "x-never-offered"
        break
      default:
        break
    }
  }
  const isRight = !faults.some(({ fault }) => wrong.has(fault))
  return { bytes: head("101 Switching Protocols", headers), next: isRight ? "session" : "wait" }
}
