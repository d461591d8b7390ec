/**
 * The way in through `ws`: its events, and those of the socket below it, told to
 * the state machine of the link.
 */
import type * as Clock from "effect/Clock"
import type { Socket } from "node:net"
import WebSocket from "ws"
import { AbnormalClosure, fromCloseFrame } from "../../ConnectionError.ts"
import { LinkState } from "../../internal/linkState.ts"
import type { HandshakeResponse } from "../../Link.ts"
import { onCloseFrame } from "./closeFrame.ts"
import { Outbound } from "./outbound.ts"
import { protocolError } from "./protocolError.ts"
import type { Config } from "./transportOptions.ts"
import { decode, notUtf8 } from "./utf8.ts"

/** Below this many bytes a message gets bytes of its own; a view would keep the whole chunk of 64 KiB alive. */
const small = 4096

const viewOf = (data: Buffer): Uint8Array => new Uint8Array(data.buffer, data.byteOffset, data.length)

const ownBytes = (data: Buffer): Uint8Array => data.length < small ? new Uint8Array(data) : viewOf(data)

/** What ended the connection, where it was no frame: plain, since an Error would keep what its stack captured alive. */
interface Loss {
  readonly code?: string
  readonly message: string
}

export interface LinkOptions {
  readonly ws: WebSocket
  readonly socket: Socket
  readonly endpoint: string
  readonly attempt: number
  readonly subprotocol: string | undefined
  readonly response: HandshakeResponse
  readonly clock: Clock.Clock
  readonly config: Pick<Config, "noDelay" | "keepAlive">
}

/**
 * Makes the link of a `ws` that has just opened: in its `open` event, so that
 * nothing that came with the response is missed.
 */
export const makeLink = (options: LinkOptions): LinkState => {
  const { config, socket } = options
  // An agent may give any Duplex.
  socket.setNoDelay?.(config.noDelay)
  if (config.keepAlive !== undefined) socket.setKeepAlive?.(true, config.keepAlive)
  return new Inbound(options).state
}

/** Where the listeners below find what they tell. */
const inbound = Symbol("holdfast/inbound")

type Told<A> = A & { [inbound]?: Inbound }

// Functions that find their link by `this`, as those of `ws` do: a process may hold thousands of links, and a closure
// for each event of each costs more than the rest of them.
class Inbound {
  readonly state: LinkState
  private readonly ws: WebSocket
  private readonly socket: Socket
  private readonly deflates: boolean
  private loss: Loss | undefined = undefined

  constructor(options: LinkOptions) {
    const socket: Told<Socket> = options.socket
    const ws: Told<WebSocket> = options.ws
    this.socket = socket
    this.ws = ws
    this.deflates = ws.extensions !== ""
    this.state = new LinkState({
      endpoint: options.endpoint,
      attempt: options.attempt,
      subprotocol: options.subprotocol,
      response: options.response,
      clock: options.clock,
      driver: new Outbound(ws, socket)
    })
    ws[inbound] = socket[inbound] = this
    ws.on("message", onMessage)
    ws.on("ping", onPing)
    ws.on("pong", onPong)
    ws.on("error", onError)
    ws.on("close", onClose)
    onCloseFrame(ws, (code, reason) => this.closeFrame(code, reason))
    // All of these come after those of `ws` itself.
    socket.on("data", onData)
    socket.on("end", onEnd)
    socket.on("error", onSocketError)
    socket.on("close", onSocketClose)
  }

  message(data: Buffer, isBinary: boolean): void {
    const message = isBinary ? ownBytes(data) : decode(data)
    if (message === undefined) return this.refuseText()
    this.state.push(message, data.length)
    // It was inflated after its chunk had been counted.
    if (this.deflates) this.state.touch()
  }

  private refuseText(): void {
    // As `ws` would; where a Close was sent already, no second one is.
    this.ws.close(1007)
    this.state.end(notUtf8())
  }

  ping(payload: Buffer): void {
    const { state } = this
    state.pinged(viewOf(payload))
    if (this.ws.readyState === WebSocket.OPEN || state.hasEnded || state.isClosing) return
    // `maxPendingAutoPongs`: `ws` has just destroyed the socket and says nothing.
    this.loss ??= { code: "TOO_MANY_PENDING_PONGS", message: "the peer sends pings but does not read our pongs" }
  }

  private closeFrame(code: number, closeReason: string | undefined): void {
    if (closeReason === undefined) return this.refuseText()
    this.state.end(fromCloseFrame({ code, closeReason, initiator: "peer" }))
  }

  error(error: Error): void {
    const reason = protocolError(error)
    if (reason === undefined) this.lose(error)
    else this.state.end(reason)
  }

  /** `ws` is done: it comes after the socket's own, and after the last message was inflated. */
  close(code: number, reason: Buffer): void {
    this.state.end(
      code === 1006
        ? new AbnormalClosure({ cause: this.loss })
        : fromCloseFrame({ code, closeReason: reason.toString(), initiator: "peer" })
    )
    this.state.release()
  }

  /** The peer ended TCP. */
  end(): void {
    if (this.state.hasEnded) return
    this.loss ??= { message: "the peer ended TCP" }
    // Our Close may still be on its way out.
    if (this.state.isClosing) return this.state.end(new AbnormalClosure({ cause: this.loss }))
    // What is still being inflated is told before `close` is.
    this.socket.destroy()
  }

  lose(error: Error): void {
    this.loss ??= lossOf(error)
  }

  socketClose(): void {
    const { socket } = this
    socket.off("data", onData)
    socket.off("end", onEnd)
    socket.off("error", onSocketError)
    socket.off("close", onSocketClose)
    if (this.state.hasEnded) this.state.release()
  }
}

function onMessage(this: Told<WebSocket>, data: WebSocket.RawData, isBinary: boolean): void {
  this[inbound]!.message(data as Buffer, isBinary)
}

function onPing(this: Told<WebSocket>, payload: Buffer): void {
  this[inbound]!.ping(payload)
}

function onPong(this: Told<WebSocket>, payload: Buffer): void {
  this[inbound]!.state.pong(viewOf(payload))
}

function onError(this: Told<WebSocket>, error: Error): void {
  this[inbound]!.error(error)
}

function onClose(this: Told<WebSocket>, code: number, reason: Buffer): void {
  this[inbound]!.close(code, reason)
}

function onData(this: Told<Socket>): void {
  this[inbound]!.state.touch()
}

function onEnd(this: Told<Socket>): void {
  this[inbound]!.end()
}

function onSocketError(this: Told<Socket>, error: Error): void {
  this[inbound]!.lose(error)
}

function onSocketClose(this: Told<Socket>): void {
  this[inbound]!.socketClose()
}

const lossOf = (error: Error): Loss => {
  const code: unknown = Reflect.get(error, "code")
  return typeof code === "string" ? { code, message: error.message } : { message: error.message }
}
