/**
 * An open WebSocket, frame by frame, with times: what a library would keep for
 * itself or repair is what a doctor wants to see.
 */
import type * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import { isUtf8 } from "node:buffer"
import { randomBytes } from "node:crypto"
import { isReceivable } from "../../CloseCode.ts"
import * as frames from "../chaos/frames.ts"
import type { Incoming } from "./Incoming.ts"

export interface Seen {
  /** Milliseconds since the opening. */
  readonly at: number
  readonly frame: frames.Frame
}

/** How the peer ended it. */
export interface End {
  readonly at: number
  readonly how: "end" | "reset"
}

export class Wire {
  private readonly incoming: Incoming
  private readonly clock: Clock.Clock
  private readonly opened: bigint
  private readonly reader = new frames.FrameReader()
  private readonly compressed: boolean
  /** The first frames that came. */
  readonly first: Array<Seen> = []
  readonly counts = { messages: 0, pings: 0, pongs: 0 }
  /** What broke the protocol, a phrase each. */
  readonly violations = new Set<string>()
  closeFrame: (Seen & { readonly code: number; readonly reason: string }) | undefined
  end: End | undefined
  /** When something was last sent or received, pongs of ours included. */
  lastAt = 0
  private readonly pongs = new Map<string, number>()
  private closing = false

  constructor(incoming: Incoming, clock: Clock.Clock, compressed: boolean) {
    this.incoming = incoming
    this.clock = clock
    this.compressed = compressed
    this.opened = clock.monotonicTimeNanosUnsafe()
    incoming.consume((chunk) => {
      for (const frame of this.reader.read(chunk)) this.onFrame({ at: this.now(), frame })
    })
    const onEnd = (how: End["how"]) => {
      this.end ??= { at: this.now(), how }
      incoming.notify()
    }
    incoming.socket.once("end", () => onEnd("end"))
    incoming.socket.once("error", () => onEnd("reset"))
    incoming.socket.once("close", () => onEnd("reset"))
    if (incoming.over) onEnd(incoming.error === undefined ? "end" : "reset")
  }

  /** Milliseconds since the opening. */
  now(): number {
    return Number(this.clock.monotonicTimeNanosUnsafe() - this.opened) / 1e6
  }

  /** Whether the peer is done, one way or another. */
  get over(): boolean {
    return this.closeFrame !== undefined || this.end !== undefined
  }

  when<A>(look: () => A | undefined): Effect.Effect<A> {
    return this.incoming.when(look)
  }

  /** Sends a ping; succeeds with the round trip in milliseconds, or with nothing where the link ended first. */
  ping(payload: string): Effect.Effect<number | undefined> {
    return Effect.suspend(() => {
      const sent = this.now()
      this.send(frames.opcode.ping, Buffer.from(payload))
      return Effect.map(
        this.when(() => this.pongs.get(payload) ?? (this.over ? NaN : undefined)),
        (at) => Number.isNaN(at) ? undefined : at - sent
      )
    })
  }

  close(code: number, reason: string): void {
    if (this.closing) return
    this.closing = true
    this.send(frames.opcode.close, frames.closeBody(code, reason))
  }

  private send(opcode: number, payload: Buffer): void {
    const { socket } = this.incoming
    if (socket.destroyed || socket.writableEnded) return
    this.lastAt = this.now()
    socket.write(frames.encode(opcode, payload, { mask: randomBytes(4) }))
  }

  private onFrame(seen: Seen): void {
    const { frame } = seen
    this.lastAt = seen.at
    if (this.first.length < 5) this.first.push(seen)
    this.look(frame)
    switch (frame.opcode) {
      case frames.opcode.ping:
        this.counts.pings++
        return this.send(frames.opcode.pong, frame.payload)
      case frames.opcode.pong:
        this.counts.pongs++
        this.pongs.set(frame.payload.toString(), seen.at)
        return
      case frames.opcode.close: {
        const { code, reason } = frames.readClose(frame.payload)
        if (code !== 1005 && !isReceivable(code)) this.violations.add(`a Close frame with the illegal code ${code}`)
        this.closeFrame ??= { ...seen, code, reason }
        if (!this.closing) this.close(code === 1005 ? 1000 : isReceivable(code) ? code : 1002, "")
        return
      }
      default:
        if (frame.fin) this.counts.messages++
    }
  }

  /** RFC 6455 §5.1, §5.2 and §5.5. */
  private look({ fin, masked, opcode, payload, rsv }: frames.Frame): void {
    const isControl = opcode >= 8
    if (masked) this.violations.add("a frame with a mask, which no server may send")
    if (rsv !== 0 && !(this.compressed && rsv === 4 && !isControl)) {
      this.violations.add("a frame with reserved bits that nobody agreed on")
    }
    if (opcode > 10 || (opcode > 2 && opcode < 8)) this.violations.add(`a frame of the unknown kind ${opcode}`)
    if (isControl && (!fin || payload.length > 125)) {
      this.violations.add("a control frame that is fragmented, or longer than 125 bytes")
    }
    if (opcode === frames.opcode.text && fin && rsv === 0 && !isUtf8(payload)) {
      this.violations.add("a text message that is no UTF-8")
    }
  }
}
