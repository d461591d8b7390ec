/**
 * One opening handshake over `ws`: sent, watched phase by phase, judged by
 * `verify` before `ws` may judge it, and undone at any moment.
 */
import * as Option from "effect/Option"
import { createHash } from "node:crypto"
import type { ClientRequest, IncomingMessage } from "node:http"
import * as net from "node:net"
import type * as tls from "node:tls"
import WebSocket from "ws"
import { ConnectFailed, HandshakeInvalid, InvalidRequest, type Reason } from "../../ConnectionError.ts"
import type { HandshakeRequest, Verify } from "../../Handshake.ts"
import { joinHeaders } from "../../internal/redact.ts"
import { bodyLimit } from "../../internal/rejected.ts"
import type { HandshakeResponse } from "../../Link.ts"
import type { DialPhase } from "../../Transport.ts"
import { connectFailure, type Phase } from "./connectFailure.ts"
import { connectSocket } from "./connectSocket.ts"
import { proxyRefusal, type Tunnel } from "./proxy.ts"
import type { Target } from "./redirect.ts"
import { readBody } from "./refusalBody.ts"
import type { Config } from "./transportOptions.ts"
import { clientOptions } from "./webSocketOptions.ts"

export interface Opening {
  readonly target: Target
  readonly request: HandshakeRequest
  readonly verify: Verify
  readonly progress: (phase: DialPhase) => void
  readonly config: Config
  /** Where the dial goes through a proxy. */
  readonly tunnel: Tunnel | undefined
  /** Whether a refusal's body is of no interest, since the refusal will be followed elsewhere. */
  readonly skipBody: (status: number, location: string | undefined) => boolean
}

/** What became of it; told once, inside the socket's own event. */
export type Outcome =
  | {
    readonly _tag: "Opened"
    readonly ws: WebSocket
    readonly socket: net.Socket
    readonly subprotocol: string | undefined
    readonly response: HandshakeResponse
  }
  | { readonly _tag: "Refused"; readonly response: HandshakeResponse; readonly body: Uint8Array }
  | { readonly _tag: "Failed"; readonly reason: Reason }
  | { readonly _tag: "Defect"; readonly defect: unknown }

/** RFC 6455 §1.3. */
const guid = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"

/**
 * Sends the handshake. The result undoes it: the descriptor is freed, and the
 * outcome is not told any more. Useless once the outcome is `Opened`.
 */
export const openHandshake = (opening: Opening, settle: (outcome: Outcome) => void): () => void => {
  const { config, progress, request, target, tunnel, verify } = opening
  const url = new URL(target.url)
  const secure = url.protocol === "wss:"
  let phase: Phase = "dns"
  let key = ""
  let verified: HandshakeResponse | undefined
  let ws: WebSocket | undefined
  let socket: net.Socket | undefined
  let cancelBody = () => {}
  let settled = false

  const enter = (next: Phase): void => {
    phase = next
    if (!settled) progress(next === "proxy" ? "tcp" : next)
  }
  const onLookup = (error: unknown) => error || enter("tcp")
  const onConnect = () => enter(secure ? "tls" : "response")
  const onSecure = () => enter("response")
  const ignore = () => {}

  const watch = (opened: net.Socket): void => {
    socket = opened
    opened.on("lookup", onLookup)
    opened.on("connect", onConnect)
    opened.on("secureConnect", onSecure)
  }
  const unwatch = (): void => {
    socket?.off("lookup", onLookup)
    socket?.off("connect", onConnect)
    socket?.off("secureConnect", onSecure)
  }

  const abandon = (): void => {
    settled = true
    cancelBody()
    unwatch()
    // In CONNECTING this raises an `error` event later on: the listener below stays.
    ws?.terminate()
    tunnel?.abort()
    socket?.destroy()
  }
  const finish = (outcome: Outcome): void => {
    if (settled) return
    abandon()
    settle(outcome)
  }
  const fail = (reason: Reason): void => finish({ _tag: "Failed", reason })
  const judge = (response: HandshakeResponse): void => {
    const verdict = verify({
      request: { ...request, ...target, extensions: config.extensions },
      expectedAccept: createHash("sha1").update(key + guid).digest("base64"),
      status: response.status,
      headers: response.headers
    })
    if (Option.isSome(verdict.failure)) fail(verdict.failure.value)
  }
  // What `verify` throws is a bug of the user's, and must not tear down the process from within an event.
  const guarded = <A>(listener: (a: A) => void) => (a: A) => {
    try {
      listener(a)
    } catch (defect) {
      finish({ _tag: "Defect", defect })
    }
  }

  const finishRequest = (req: ClientRequest, dialling: WebSocket): void => {
    key = String(req.getHeader("sec-websocket-key"))
    // An agent's socket, its own or a pooled one.
    req.once("socket", (given) => {
      if (given === socket || settled) return
      watch(given)
      if (given.connecting) return
      enter(secure && (given as tls.TLSSocket).alpnProtocol === null ? "tls" : "response")
    })
    if (tunnel !== undefined) watchTunnel(req)
    try {
      req.end()
    } catch (error) {
      // This leaves the constructor of `ws`, whose socket is there by now and raises an error when it is freed.
      ws = dialling
      ws.on("error", ignore)
      throw error
    }
  }

  const watchTunnel = (req: ClientRequest): void => {
    let status = 0
    req.once("proxyConnect", (response: { readonly statusCode: number }) => {
      status = response.statusCode
    })
    req.once("proxy", (opened: { readonly socket: net.Socket }) => {
      // Until Node's HTTP takes it over, nobody else listens for its errors.
      opened.socket.on("error", ignore)
      if (settled) return void opened.socket.destroy()
      if (status === 200) return
      fail(proxyRefusal(status))
    })
  }

  const onUpgrade = (res: IncomingMessage): void => {
    if (settled) return
    socket = res.socket
    const response = responseOf(res)
    if (res.httpVersion !== "1.1") {
      return fail(new HandshakeInvalid({ check: "http", expected: "HTTP/1.1", actual: `HTTP/${res.httpVersion}` }))
    }
    judge(response)
    verified = response
    // Ours is the only judgement: `ws` refuses some legal answers, such as no subprotocol where some were offered. So it
    // was told of no subprotocols, and hears of none.
    res.headers["upgrade"] = "websocket"
    delete res.headers["sec-websocket-protocol"]
    if (config.extensions.length === 0) delete res.headers["sec-websocket-extensions"]
  }

  const onResponse = (res: IncomingMessage): void => {
    res.on("error", ignore)
    if (settled) return
    const response = responseOf(res)
    if (response.status === 101) {
      // Node calls it no upgrade where a header is missing, and `verify` says which.
      judge(response)
      return fail(new HandshakeInvalid({ check: "upgrade", expected: "websocket", actual: "no upgrade" }))
    }
    const refused = (body: Uint8Array) => finish({ _tag: "Refused", response, body })
    if (opening.skipBody(response.status, response.headers["location"])) return refused(new Uint8Array(0))
    cancelBody = readBody(res, bodyLimit, refused)
  }

  const onOpen = (): void => {
    if (settled || ws === undefined || socket === undefined || verified === undefined) return
    settled = true
    unwatch()
    // These hold the request, with its secrets.
    ws.removeAllListeners()
    settle({
      _tag: "Opened",
      ws,
      socket,
      subprotocol: verified.headers["sec-websocket-protocol"]?.trim(),
      response: verified
    })
  }

  const onError = (error: Error): void => {
    if (settled) return
    fail(
      verified === undefined
        ? connectFailure(error, phase)
        // All that `ws` may still object to after `verify`.
        : new HandshakeInvalid({ check: "extensions", expected: "parameters that were offered", actual: error.message })
    )
  }

  enter(
    tunnel !== undefined
      ? "proxy"
      : url.protocol === "ws+unix:" || net.isIP(url.hostname.replace(/^\[|\]$/g, "")) !== 0
      ? "tcp"
      : "dns"
  )
  try {
    ws = new WebSocket(
      target.url,
      clientOptions(opening, secure, finishRequest, (options) => {
        const opened = connectSocket(options, secure)
        watch(opened)
        return opened
      })
    )
  } catch (error) {
    // Node refuses what can be in no request: a header with a line break, a path with a blank.
    abandon()
    settle({ _tag: "Failed", reason: refusedByNode(error, target, secure) })
    return ignore
  }
  ws.on("upgrade", guarded(onUpgrade))
  ws.on("unexpected-response", (_req, res) => guarded(onResponse)(res))
  ws.on("open", onOpen)
  ws.on("error", onError)
  ws.on("close", () => fail(new ConnectFailed({ phase, code: "UNKNOWN", detail: "the connection was closed" })))
  return abandon
}

const refusedByNode = (error: unknown, target: Target, secure: boolean): InvalidRequest => {
  if (error instanceof Error && Reflect.get(error, "code") === "ERR_INVALID_PROTOCOL") {
    const problem = `must be an Agent of node:${secure ? "https" : "http"} for this url`
    return new InvalidRequest({ option: "transport.agent", problem })
  }
  const message = error instanceof Error ? error.message : String(error)
  return new InvalidRequest({ option: "request", problem: message.replaceAll(target.url, target.endpoint) })
}

const responseOf = (res: IncomingMessage): HandshakeResponse => {
  // `headers` drops some duplicates.
  const pairs: Array<readonly [string, string]> = []
  for (let i = 0; i + 1 < res.rawHeaders.length; i += 2) pairs.push([res.rawHeaders[i]!, res.rawHeaders[i + 1]!])
  return { status: res.statusCode ?? 0, headers: joinHeaders(pairs) }
}
