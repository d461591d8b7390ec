/**
 * One open session of the misbehaving server: it serves, until a fault befalls
 * it.
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type { Socket } from "node:net"
import { type SessionFault, triggerOf } from "./Fault.ts"
import * as frames from "./frames.ts"

/** What the server says while nothing is wrong. */
export interface Manners {
  /** Sends back every message. */
  readonly echo: boolean
  /** Sends a number this often. */
  readonly feed: Duration.Duration | undefined
}

export interface SessionOptions {
  readonly id: number
  readonly socket: Socket
  readonly manners: Manners
  /** Runs an effect for as long as the socket lives. */
  readonly run: (effect: Effect.Effect<void>) => void
  readonly tell: (message: string) => void
  /** Milliseconds. */
  readonly now: () => number
  /** A Close frame came. */
  readonly onClose: (close: { readonly code: number; readonly reason: string }) => void
}

/** What is sent where a message is asked for and none is given. */
const sample = "the quick brown fox jumps over the lazy dog"

export class ChaosSession {
  readonly id: number
  private readonly options: SessionOptions
  private readonly socket: Socket
  private readonly reader = new frames.FrameReader()
  private readonly active = new Set<SessionFault["fault"]>()
  private latency = Duration.zero
  private sent = 0
  private received = 0
  /** Faults that wait for a number of messages. */
  private waiting: Array<{ readonly fault: SessionFault; readonly messages: number }> = []
  /** Whether pings and pongs keep the link from being idle. */
  private pingsCount = true
  private lastAt = 0
  /** Whether we have ended it, or agreed to its end. */
  private closing = false

  constructor(options: SessionOptions) {
    this.options = options
    this.id = options.id
    this.socket = options.socket
  }

  /** Whether messages can still be sent. */
  get isServing(): boolean {
    return !this.closing
  }

  /** Begins to serve, with these faults, each in its time. */
  serve(faults: ReadonlyArray<SessionFault>): void {
    for (const fault of faults) {
      const { after, messages } = triggerOf(fault)
      if (messages !== undefined) this.waiting.push({ fault, messages })
      if (after !== undefined) this.later(after, () => this.misbehave(fault))
      if (after === undefined && messages === undefined) this.misbehave(fault)
    }
    const { feed } = this.options.manners
    if (feed === undefined) return
    let number = 0
    const one = Effect.sync(() => this.send([String(++number)]))
    this.options.run(Effect.forever(Effect.andThen(Effect.sleep(feed), one)))
  }

  /** Sends texts, all at once. */
  send(messages: ReadonlyArray<string>): void {
    if (messages.length === 0 || this.closing) return
    this.write(Buffer.concat(messages.map(frames.text)))
    this.countSent(messages.length)
  }

  read(chunk: Buffer): void {
    if (this.active.has("silence")) return
    for (const frame of this.reader.read(chunk)) this.onFrame(frame)
  }

  /** The client has closed its side of TCP. */
  onEnd(): void {
    if (!this.active.has("silence") && !this.active.has("keep-tcp")) this.socket.end()
  }

  /** Leaves in good order, as a server does that is shut down. */
  leave(): void {
    if (!this.closing) this.write(frames.close(1001, "going away"))
    this.socket.destroy()
  }

  /** Numbers for who asks. */
  get report() {
    return { session: this.id, received: this.received, sent: this.sent, faults: [...this.active] }
  }

  misbehave(fault: SessionFault): void {
    const { socket } = this
    if (socket.destroyed) return
    this.options.tell(`fault: ${fault.fault}`)
    switch (fault.fault) {
      case "close":
        this.closing = true
        return this.write(frames.close(fault.code ?? 1011, fault.reason ?? ""))
      case "cut":
        return this.cut(fault.how ?? "reset")
      case "drop":
        this.closing = true
        return this.write(frames.text(fault.message ?? sample).subarray(0, -1), () => socket.resetAndDestroy())
      case "invalid-utf8":
        return this.message(frames.encode(frames.opcode.text, Buffer.from([0x66, 0xc3, 0x28])))
      case "oversized":
        return this.message(frames.encode(frames.opcode.text, Buffer.alloc(fault.bytes ?? 17 * 1024 * 1024, "x")))
      case "fragments":
        return this.message(fragmented(fault.message ?? sample, fault.parts ?? 10))
      case "masked":
        return this.message(frames.encode(frames.opcode.text, Buffer.from(sample), { mask: Buffer.from("mask") }))
      case "reserved-bit":
        return this.message(frames.encode(frames.opcode.text, Buffer.from(sample), { rsv: 2 }))
      case "latency":
        this.latency = fault.for
        return
      case "flood": {
        const count = fault.count ?? 10_000
        return this.send(Array.from({ length: count }, (_, index) => String(index + 1).padEnd(fault.bytes ?? 100)))
      }
      case "idle-cut":
        this.pingsCount = fault.counts !== "messages"
        this.lastAt = this.options.now()
        return this.watchIdleness(fault.after, fault.how ?? "reset")
      case "silence":
      case "ignore-pings":
      case "ignore-close":
      case "keep-tcp":
        this.active.add(fault.fault)
        return
    }
  }

  private onFrame({ fin, opcode, payload, rsv }: frames.Frame): void {
    this.stir(opcode)
    switch (opcode) {
      case frames.opcode.ping:
        if (!this.active.has("ignore-pings")) this.write(frames.encode(frames.opcode.pong, payload))
        return
      case frames.opcode.close: {
        this.options.onClose(frames.readClose(payload))
        if (this.active.has("ignore-close")) return
        // After our own Close this is the answer; otherwise it wants one (RFC 6455 §5.5.1).
        if (!this.closing) this.write(frames.encode(opcode, payload))
        this.closing = true
        if (!this.active.has("keep-tcp")) this.afterwards(() => this.socket.end())
        return
      }
      default:
        if (opcode > frames.opcode.binary) return
        if (fin) this.received++
        if (!this.options.manners.echo) return
        this.write(frames.encode(opcode, payload, { fin, rsv }))
        if (fin) this.countSent(1)
    }
  }

  private message(bytes: Buffer): void {
    this.write(bytes)
    this.countSent(1)
  }

  private countSent(messages: number): void {
    this.sent += messages
    if (this.waiting.length === 0) return
    const due = this.waiting.filter(({ messages }) => messages <= this.sent)
    this.waiting = this.waiting.filter((one) => !due.includes(one))
    for (const { fault } of due) this.misbehave(fault)
  }

  /** Writes whole frames. */
  private write(bytes: Buffer, written?: () => void): void {
    this.afterwards(() => {
      // What goes into a silent session is lost, but the server does not know.
      if (this.active.has("silence") || this.socket.writableEnded || this.socket.destroyed) return
      this.stir(bytes.readUInt8(0) & 0x0f)
      // Who does not read its echoes must not fill our memory.
      if (!this.socket.write(bytes, written) && !this.socket.isPaused()) {
        this.socket.pause()
        this.socket.once("drain", () => this.socket.resume())
      }
    })
  }

  /** Now, or as much later as the latency says; in order in either case. */
  private afterwards(act: () => void): void {
    if (Duration.isZero(this.latency)) act()
    else this.later(this.latency, act)
  }

  private later(delay: Duration.Duration, act: () => void): void {
    this.options.run(Effect.andThen(Effect.sleep(delay), Effect.sync(act)))
  }

  /** Something went over the link. */
  private stir(opcode: number): void {
    if (this.pingsCount || opcode <= frames.opcode.binary) this.lastAt = this.options.now()
  }

  private watchIdleness(after: Duration.Duration, how: "end" | "reset" | "silence"): void {
    const rest = Duration.toMillis(after) - (this.options.now() - this.lastAt)
    if (rest > 0) return this.later(Duration.millis(rest), () => this.watchIdleness(after, how))
    this.options.tell(`idle for ${Duration.format(after)}`)
    if (how === "silence") this.active.add("silence")
    else this.cut(how)
  }

  private cut(how: "end" | "reset"): void {
    if (how === "reset") this.socket.resetAndDestroy()
    else this.socket.end()
  }
}

const fragmented = (message: string, parts: number): Buffer => {
  const bytes = Buffer.from(message)
  const size = Math.ceil(bytes.length / parts)
  return Buffer.concat(Array.from({ length: parts }, (_, index) =>
    frames.encode(
      index === 0 ? frames.opcode.text : frames.opcode.continuation,
      bytes.subarray(index * size, (index + 1) * size),
      { fin: index === parts - 1 }
    )))
}
