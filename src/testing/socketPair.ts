/**
 * The two ends of one in-memory WebSocket: the client's `Link`, and the peer that
 * a test holds.
 */
import type * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Queue from "effect/Queue"
import * as CloseCode from "../CloseCode.ts"
import { AbnormalClosure, fromCloseFrame } from "../ConnectionError.ts"
import type { HandshakeRequest } from "../Handshake.ts"
import { type Driver, LinkState } from "../internal/linkState.ts"
import { messageSize } from "../internal/messageSize.ts"
import { Waiters, waitFor } from "../internal/wait.ts"
import type { HandshakeResponse, Message } from "../Link.ts"
import type { Capabilities } from "../Transport.ts"
import type { TestPeer } from "./TestServer.ts"
import { Wire } from "./wire.ts"

export interface SocketPairOptions {
  readonly request: HandshakeRequest
  readonly subprotocol: string | undefined
  readonly response: HandshakeResponse | undefined
  readonly capabilities: Capabilities
  readonly clock: Clock.Clock
  /** The client's descriptor is free; called once. */
  readonly onFree: () => void
}

export interface SocketPair {
  readonly link: LinkState
  readonly peer: TestPeer
  /** Frees the client's descriptor; without effect the second time. */
  readonly free: () => void
  /** The two directions, each ending when nothing can come any more. */
  readonly carriers: readonly [Effect.Effect<void>, Effect.Effect<void>]
}

type Frame =
  | { readonly _tag: "Message"; readonly message: Message; readonly bytes: number }
  | { readonly _tag: "Ping"; readonly payload: Uint8Array }
  | { readonly _tag: "Pong"; readonly payload: Uint8Array }
  | { readonly _tag: "Close"; readonly code: number; readonly reason: string }
  /** The end of the TCP connection, with what the system says of it. */
  | { readonly _tag: "End"; readonly cause: { readonly code: string; readonly message: string } | undefined }

/** What the client wrote while the peer did not read. */
interface Waiting {
  readonly frame: Frame
  readonly bytes: number
  readonly left: () => void
}

export const makeSocketPair = Effect.fnUntraced(function*(options: SocketPairOptions) {
  const { capabilities, clock } = options
  /** From the client to the peer. */
  const outbound = new Wire<Frame>(clock)
  /** From the peer to the client. */
  const inbound = new Wire<Frame>(clock)

  // ---------------------------------------------------------------------------
  // the client
  // ---------------------------------------------------------------------------

  let outbox: Array<Waiting> = []
  let outboxBytes = 0
  const drains = new Waiters()
  let clientClosed = false
  let freed = false
  let touched = false

  const fromClient = (frame: Frame, bytes: number, left: () => void = noop): void => {
    if (freed) return
    if (reading) {
      outbound.push(frame)
      return left()
    }
    outbox.push({ frame, bytes, left })
    outboxBytes += bytes
  }

  const clientClose = (code: number, reason: string): void => {
    if (clientClosed) return
    clientClosed = true
    fromClient({ _tag: "Close", code, reason }, 0)
  }

  const free = (): void => {
    if (freed) return
    freed = true
    outbox = []
    outboxBytes = 0
    inbound.stop()
    // A peer that does not read would never learn of it.
    if (reading) outbound.push({ _tag: "End", cause: undefined })
    else endPeer()
    options.onFree()
    link.release()
  }

  const driver: Driver = {
    send: (message) => fromClient(messageFrame(message), messageSize(message)),
    buffered: () => outboxBytes,
    // Everything leaves at once, when the peer reads again.
    whenBelow: (_mark, done) => drains.add(done),
    whenFlushed: (done) => drains.add(done),
    ping: capabilities.ping
      ? (payload, done) => fromClient({ _tag: "Ping", payload: payload.slice() }, payload.length, done)
      : undefined,
    pong: capabilities.ping
      ? (payload) => fromClient({ _tag: "Pong", payload: payload.slice() }, payload.length)
      : undefined,
    close: clientClose,
    terminate: free,
    pause: capabilities.pause ? () => inbound.hold() : undefined,
    resume: capabilities.pause ? () => inbound.release() : undefined
  }

  const link = new LinkState({
    endpoint: options.request.endpoint,
    attempt: options.request.attempt,
    subprotocol: options.subprotocol,
    response: options.response,
    clock,
    driver,
    closeCodes: capabilities.closeCodes
  })

  const toClient = (frame: Frame): void => {
    if (blackhole.inbound) return
    // Browsers show no pings.
    if (frame._tag !== "Ping" || capabilities.ping) touched = true
    switch (frame._tag) {
      case "Message":
        return link.push(frame.message, frame.bytes)
      case "Ping":
        if (capabilities.ping) link.pinged(frame.payload)
        if (!clientClosed) fromClient({ _tag: "Pong", payload: frame.payload }, frame.payload.length)
        return
      case "Pong":
        return link.pong(frame.payload)
      case "Close":
        clientClose(frame.code === 1005 || CloseCode.isReceivable(frame.code) ? frame.code : 1002, frame.reason)
        return link.end(fromCloseFrame({ code: frame.code, closeReason: frame.reason, initiator: "peer" }))
      case "End":
        link.end(new AbnormalClosure({ cause: frame.cause }))
        return free()
    }
  }

  const afterChunk = (): void => {
    if (!touched) return
    touched = false
    link.touch()
  }

  // ---------------------------------------------------------------------------
  // the peer
  // ---------------------------------------------------------------------------

  const inbox = yield* Queue.unbounded<Message>()
  const received: Array<Message> = []
  const pongs: Array<Uint8Array> = []
  const blackhole = { inbound: false, outbound: false }
  let reading = true
  let pings = 0
  let peerClosed = false
  let peerEnded = false
  let seenClose: { readonly code: number; readonly reason: string } | undefined
  const onceClosed = new Waiters()

  const fromPeer = (frame: Frame): void => {
    if (!peerClosed) inbound.push(frame)
  }

  const peerClose = (code: number, reason: string): void => {
    fromPeer({ _tag: "Close", code, reason: code === 1005 ? "" : CloseCode.truncateReason(reason) })
    peerClosed = true
  }

  const sawClose = (code: number, reason: string): void => {
    seenClose ??= { code, reason }
    onceClosed.wakeAll()
  }

  const endPeer = (): void => {
    peerClosed = peerEnded = true
    sawClose(1006, "")
    outbound.stop()
  }

  const toPeer = (frame: Frame): void => {
    // A test must learn that the client let go, even where a network would not tell.
    if (frame._tag === "End") return endPeer()
    if (blackhole.outbound) return
    switch (frame._tag) {
      case "Message":
        received.push(frame.message)
        Queue.offerUnsafe(inbox, frame.message)
        return
      case "Ping":
        return fromPeer({ _tag: "Pong", payload: frame.payload })
      case "Pong":
        pongs.push(frame.payload)
        return
      case "Close":
        sawClose(frame.code, frame.reason)
        // The server answers, and then closes TCP (RFC 6455 §5.5.1, §7.1.1).
        peerClose(frame.code, frame.reason)
        inbound.push({ _tag: "End", cause: undefined })
        return endPeer()
    }
  }

  const peer: TestPeer = {
    send: (message) => Effect.sync(() => fromPeer(messageFrame(message))),
    ping: Effect.sync(() => fromPeer({ _tag: "Ping", payload: encoder.encode(`ping ${++pings}`) })),
    receive: Queue.take(inbox),
    received: Effect.sync(() => received.slice()),
    pongs: Effect.sync(() => pongs.slice()),
    close: (code, reason = "") => Effect.sync(() => peerClose(code, reason)),
    drop: Effect.sync(() => {
      if (peerEnded) return
      inbound.push({ _tag: "End", cause: { code: "ECONNRESET", message: "read ECONNRESET" } })
      endPeer()
    }),
    blackhole: (options) =>
      Effect.sync(() => {
        blackhole.inbound = options.inbound ?? blackhole.inbound
        blackhole.outbound = options.outbound ?? blackhole.outbound
      }),
    latency: (duration) =>
      Effect.sync(() => {
        const delay = Duration.fromInputUnsafe(duration)
        inbound.setDelay(delay)
        outbound.setDelay(delay)
      }),
    pauseReading: Effect.sync(() => {
      if (freed || peerEnded) return
      reading = false
      outbound.hold()
    }),
    resumeReading: Effect.sync(() => {
      if (reading) return
      reading = true
      const waiting = outbox
      outbox = []
      outboxBytes = 0
      for (const { frame, left } of waiting) {
        outbound.push(frame)
        left()
      }
      outbound.release()
      drains.wakeAll()
    }),
    closed: Effect.suspend(() => {
      const taken = Effect.sync(() => seenClose!)
      return seenClose === undefined ? waitFor((wake) => onceClosed.add(wake), taken) : taken
    })
  }

  const pair: SocketPair = {
    link,
    peer,
    free,
    carriers: [outbound.carry(toPeer, noop), inbound.carry(toClient, afterChunk)]
  }
  return pair
})

const noop = (): void => {}

const encoder = new TextEncoder()

/** A copy, so that neither end sees what the other does to its bytes. */
const messageFrame = (message: Message): Frame => ({
  _tag: "Message",
  message: typeof message === "string" ? message : new Uint8Array(message),
  bytes: messageSize(message)
})
