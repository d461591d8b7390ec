// The server's end of one accepted connection: raw TCP, so that it can break every rule.
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { randomBytes } from "node:crypto"
import type * as net from "node:net"
import type { Message } from "../../src/Link.ts"
import type { TestPeer } from "../../src/testing/TestServer.ts"
import { close as closeFrame, encode, type Frame, type FrameOptions, FrameReader, opcode, readClose } from "./frames.ts"
import type { Notice } from "./notice.ts"

/** What a peer does by itself; everything at first. */
export interface Manners {
  /** Answers a ping. */
  pong: boolean
  /** Answers a Close frame. */
  close: boolean
  /** Ends TCP once both Close frames are through, or when the client ended it. */
  hangUp: boolean
}

export class RealPeer implements TestPeer {
  readonly socket: net.Socket
  readonly manners: Manners = { pong: true, close: true, hangUp: true }

  private readonly notice: Notice
  private readonly reader = new FrameReader()
  private readonly all: Array<Frame> = []
  private readonly messages: Array<Message> = []
  private fragments: Array<Frame> = []
  private taken = 0
  private theirClose: { readonly code: number; readonly reason: string } | undefined = undefined
  private sentClose = false
  private gone = false
  private hole = { inbound: false, outbound: false }
  private delay = 0
  private readonly timers = new Set<NodeJS.Timeout>()
  private readonly late: Array<() => void> = []

  constructor(socket: net.Socket, notice: Notice) {
    this.socket = socket
    this.notice = notice
    socket.on("data", (chunk) => this.hole.outbound || this.later(() => this.onData(chunk)))
    socket.on("end", () => this.hole.outbound || this.later(() => this.onEnd()))
    socket.on("error", () => undefined)
    socket.on("close", () => {
      for (const timer of this.timers) clearTimeout(timer)
      this.gone = true
      notice.notify()
    })
  }

  // ---------------------------------------------------------------------------
  // TestPeer
  // ---------------------------------------------------------------------------

  send(message: Message): Effect.Effect<void> {
    return this.frame({ opcode: typeof message === "string" ? opcode.text : opcode.binary, payload: message })
  }

  get ping(): Effect.Effect<void> {
    return Effect.suspend(() => this.frame({ opcode: opcode.ping, payload: randomBytes(8) }))
  }

  get receive(): Effect.Effect<Message> {
    return this.notice.when(() => this.messages.length > this.taken ? this.messages[this.taken++] : undefined)
  }

  get received(): Effect.Effect<ReadonlyArray<Message>> {
    return Effect.sync(() => [...this.messages])
  }

  get pongs(): Effect.Effect<ReadonlyArray<Uint8Array>> {
    return Effect.sync(() => this.all.filter((frame) => frame.opcode === opcode.pong).map((frame) => frame.payload))
  }

  close(code: number, reason = ""): Effect.Effect<void> {
    return Effect.sync(() => {
      this.sentClose = true
      this.write(closeFrame(code, reason))
      this.hangUpWhenClosed()
    })
  }

  get drop(): Effect.Effect<void> {
    return Effect.sync(() => this.later(() => this.hole.inbound || this.socket.destroySoon()))
  }

  blackhole(options: { readonly inbound?: boolean | undefined; readonly outbound?: boolean | undefined }) {
    return Effect.sync(() => {
      this.hole = {
        inbound: options.inbound ?? this.hole.inbound,
        outbound: options.outbound ?? this.hole.outbound
      }
    })
  }

  latency(duration: Duration.Input): Effect.Effect<void> {
    return Effect.sync(() => {
      this.delay = Duration.toMillis(duration)
    })
  }

  get pauseReading(): Effect.Effect<void> {
    return Effect.sync(() => {
      this.socket.pause()
    })
  }

  get resumeReading(): Effect.Effect<void> {
    return Effect.sync(() => {
      this.socket.resume()
    })
  }

  get closed(): Effect.Effect<{ readonly code: number; readonly reason: string }> {
    return this.notice.when(() => this.theirClose ?? (this.gone ? { code: 1006, reason: "" } : undefined))
  }

  // ---------------------------------------------------------------------------
  // what only a real peer can do
  // ---------------------------------------------------------------------------

  /** Writes bytes as they are. */
  raw(bytes: string | Uint8Array): Effect.Effect<void> {
    return Effect.sync(() => this.write(Buffer.from(bytes)))
  }

  /** Writes a frame, legal or not. */
  frame(options: FrameOptions): Effect.Effect<void> {
    return Effect.sync(() => {
      if (!this.sentClose) this.write(encode(options))
    })
  }

  /** Every frame the client sent so far. */
  get frames(): Effect.Effect<ReadonlyArray<Frame>> {
    return Effect.sync(() => [...this.all])
  }

  /** Waits for a frame that fits. */
  frameThat(fits: (frame: Frame) => boolean): Effect.Effect<Frame> {
    return this.notice.when(() => this.all.find(fits))
  }

  /** Ends our half of TCP without a Close frame, and reads on. */
  get halfClose(): Effect.Effect<void> {
    return Effect.sync(() => {
      this.manners.hangUp = false
      this.socket.end()
    })
  }

  /** Sends a TCP reset. */
  get reset(): Effect.Effect<void> {
    return Effect.sync(() => {
      this.socket.resetAndDestroy()
    })
  }

  /** Waits until the client has ended TCP, or reset it. */
  get down(): Effect.Effect<void> {
    return this.notice.when(() => this.gone ? true : undefined)
  }

  get isDown(): boolean {
    return this.gone
  }

  // ---------------------------------------------------------------------------
  // inside
  // ---------------------------------------------------------------------------

  private write(bytes: Buffer): void {
    this.later(() => {
      if (!this.hole.inbound && this.socket.writable) this.socket.write(bytes)
    })
  }

  /** Runs after the latency, in order. */
  private later(action: () => void): void {
    if (this.delay === 0 && this.late.length === 0) return action()
    this.late.push(action)
    const timer = setTimeout(() => {
      this.timers.delete(timer)
      this.late.shift()?.()
    }, this.delay)
    this.timers.add(timer)
  }

  /** For the bytes that came with the request. */
  onData(chunk: Buffer): void {
    for (const frame of this.reader.read(chunk)) this.onFrame(frame)
    this.notice.notify()
  }

  private onFrame(frame: Frame): void {
    this.all.push(frame)
    if (frame.opcode === opcode.close) {
      this.theirClose = readClose(frame.payload)
      if (this.manners.close && !this.sentClose) {
        this.sentClose = true
        this.write(encode({ opcode: opcode.close, payload: frame.payload }))
      }
      return this.hangUpWhenClosed()
    }
    if (frame.opcode === opcode.ping && this.manners.pong) {
      return this.write(encode({ opcode: opcode.pong, payload: frame.payload }))
    }
    if (frame.opcode > opcode.binary) return
    this.fragments.push(frame)
    if (!frame.fin) return
    const payload = Buffer.concat(this.fragments.map((fragment) => fragment.payload))
    this.messages.push(this.fragments[0]!.opcode === opcode.text ? payload.toString() : new Uint8Array(payload))
    this.fragments = []
  }

  private onEnd(): void {
    this.gone = true
    if (this.manners.hangUp) this.later(() => this.hole.inbound || this.socket.end())
    this.notice.notify()
  }

  /** The server closes TCP first (RFC 6455 §7.1.1). */
  private hangUpWhenClosed(): void {
    if (!this.manners.hangUp || !this.sentClose || this.theirClose === undefined) return
    this.later(() => this.hole.inbound || this.socket.end())
  }
}
