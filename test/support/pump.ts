// One direction of a wire: takes bytes from one socket and gives them to another, as badly as it is told to.
import type * as net from "node:net"

export interface Faults {
  /** How late the bytes come, in milliseconds, and how much later at most. Their order stays. */
  readonly delay?: number | undefined
  readonly jitter?: number | undefined
  /** The most bytes of one segment, and the milliseconds between two. */
  readonly pieces?: number | undefined
  readonly pause?: number | undefined
  /** A segment ends after so many bytes of the connection. */
  readonly splitAt?: number | undefined
  /** After so many bytes of the connection: silence, the end of TCP, or a reset; silence unless told. */
  readonly stopAfter?: number | undefined
  readonly ending?: "stall" | "end" | "reset" | undefined
}

/** What may be on its way before the sender is held up. */
const mostWaiting = 256 * 1024

export class Pump {
  private readonly from: net.Socket
  private readonly to: net.Socket
  private readonly faults: () => Faults
  private readonly waiting: Array<{ readonly due: number; bytes: Buffer }> = []
  private size = 0
  private passed = 0
  private latest = 0
  private ended = false
  private stopped = false
  private timer: NodeJS.Timeout | NodeJS.Immediate | undefined = undefined

  constructor(from: net.Socket, to: net.Socket, faults: () => Faults) {
    this.from = from
    this.to = to
    this.faults = faults
    from.on("data", (bytes: Buffer) => this.take(bytes))
    from.on("end", () => {
      this.ended = true
      // Who gave a dead wire up is not held on to.
      if (this.stopped) from.end()
      this.pass()
    })
  }

  /** Nothing goes through any more, and nobody is told. */
  swallow(): void {
    this.stopped = true
    this.waiting.length = 0
    this.size = 0
    this.from.resume()
  }

  /** Forgets what is on its way. */
  stop(): void {
    this.swallow()
    clearTimeout(this.timer as NodeJS.Timeout)
    clearImmediate(this.timer as NodeJS.Immediate)
  }

  private take(bytes: Buffer): void {
    if (this.stopped) return
    const { delay = 0, jitter = 0 } = this.faults()
    this.latest = Math.max(this.latest, performance.now() + delay + jitter * Math.random())
    this.waiting.push({ due: this.latest, bytes })
    this.size += bytes.length
    if (this.size > mostWaiting) this.from.pause()
    this.pass()
  }

  private pass(): void {
    while (this.timer === undefined && !this.stopped) {
      const { pause, pieces = Infinity, splitAt = 0, stopAfter = Infinity, ending = "stall" } = this.faults()
      if (this.passed >= stopAfter) return this.breakOff(ending)
      const next = this.waiting[0]
      if (next === undefined) {
        if (this.ended) this.to.end()
        return
      }
      const early = next.due - performance.now()
      if (early > 0) return this.later(early)
      const length = Math.min(
        next.bytes.length,
        pieces,
        stopAfter - this.passed,
        splitAt > this.passed ? splitAt - this.passed : Infinity
      )
      const room = this.to.write(next.bytes.subarray(0, length))
      this.passed += length
      this.size -= length
      if (length === next.bytes.length) this.waiting.shift()
      else next.bytes = next.bytes.subarray(length)
      if (!room) return this.onDrain()
      if (this.size <= mostWaiting / 2) this.from.resume()
      // Only what is written in another turn is another segment, to a reader in this process too.
      if (pieces !== Infinity || this.passed === splitAt) return this.later(pause)
    }
  }

  private onDrain(): void {
    this.to.once("drain", () => {
      if (this.size <= mostWaiting / 2) this.from.resume()
      this.pass()
    })
  }

  private later(milliseconds: number | undefined): void {
    const again = () => {
      this.timer = undefined
      this.pass()
    }
    this.timer = milliseconds === undefined ? setImmediate(again) : setTimeout(again, milliseconds)
  }

  private breakOff(ending: "stall" | "end" | "reset"): void {
    this.swallow()
    if (ending === "end") this.to.end()
    if (ending === "reset") this.to.resetAndDestroy()
  }
}
