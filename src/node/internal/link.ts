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

/**
 * Makes the link of a `ws` that has just opened: in its `open` event, so that
 * nothing that came with the response is missed.
 */
export const makeLink = (options: {
  readonly ws: WebSocket
  readonly socket: Socket
  readonly endpoint: string
  readonly attempt: number
  readonly subprotocol: string | undefined
  readonly response: HandshakeResponse
  readonly clock: Clock.Clock
  readonly config: Pick<Config, "noDelay" | "keepAlive">
}): LinkState => {
  const { config, socket, ws } = options
  const state = new LinkState({
    endpoint: options.endpoint,
    attempt: options.attempt,
    subprotocol: options.subprotocol,
    response: options.response,
    clock: options.clock,
    driver: new Outbound(ws, socket)
  })
  const deflates = ws.extensions !== ""
  let loss: Loss | undefined

  // An agent may give any Duplex.
  socket.setNoDelay?.(config.noDelay)
  if (config.keepAlive !== undefined) socket.setKeepAlive?.(true, config.keepAlive)

  const refuseText = () => {
    // As `ws` would; where a Close was sent already, no second one is.
    ws.close(1007)
    state.end(notUtf8())
  }
  ws.on("message", (data: Buffer, isBinary: boolean) => {
    const message = isBinary ? ownBytes(data) : decode(data)
    if (message === undefined) return refuseText()
    state.push(message, data.length)
    // It was inflated after its chunk had been counted.
    if (deflates) state.touch()
  })
  ws.on("ping", () => {
    state.pinged()
    if (ws.readyState === WebSocket.OPEN || state.hasEnded || state.isClosing) return
    // `maxPendingAutoPongs`: `ws` has just destroyed the socket and says nothing.
    loss ??= { code: "TOO_MANY_PENDING_PONGS", message: "the peer sends pings but does not read our pongs" }
  })
  ws.on("pong", (payload) => state.pong(viewOf(payload)))
  onCloseFrame(ws, (code, closeReason) => {
    if (closeReason === undefined) return refuseText()
    state.end(fromCloseFrame({ code, closeReason, initiator: "peer" }))
  })
  ws.on("error", (error) => {
    const reason = protocolError(error)
    if (reason === undefined) loss ??= lossOf(error)
    else state.end(reason)
  })
  ws.on("close", (code, reason) => {
    // It comes after the socket's own, and after the last message was inflated.
    state.end(
      code === 1006
        ? new AbnormalClosure({ cause: loss })
        : fromCloseFrame({ code, closeReason: reason.toString(), initiator: "peer" })
    )
    state.release()
  })

  // All of these come after those of `ws` itself.
  const onData = () => state.touch()
  const onEnd = () => {
    if (state.hasEnded) return
    loss ??= { message: "the peer ended TCP" }
    // Our Close may still be on its way out.
    if (state.isClosing) return state.end(new AbnormalClosure({ cause: loss }))
    // What is still being inflated is told before `close` is.
    socket.destroy()
  }
  const onError = (error: Error) => {
    loss ??= lossOf(error)
  }
  const onClose = () => {
    socket.off("data", onData)
    socket.off("end", onEnd)
    socket.off("error", onError)
    socket.off("close", onClose)
    if (state.hasEnded) state.release()
  }
  socket.on("data", onData)
  socket.on("end", onEnd)
  socket.on("error", onError)
  socket.on("close", onClose)
  return state
}

const lossOf = (error: Error): Loss => {
  const code: unknown = Reflect.get(error, "code")
  return typeof code === "string" ? { code, message: error.message } : { message: error.message }
}
