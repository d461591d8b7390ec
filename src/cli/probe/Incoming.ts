/**
 * What comes out of a socket, kept from its first moment: no byte and no end is
 * missed while one step hands over to the next.
 */
import * as Effect from "effect/Effect"
import type { Socket } from "node:net"

export class Incoming {
  readonly socket: Socket
  /** What was received and not taken. */
  bytes: Buffer = Buffer.alloc(0)
  ended = false
  closed = false
  error: Error | undefined
  private readonly waiting = new Set<() => void>()
  private consumer: ((chunk: Buffer) => void) | undefined

  constructor(socket: Socket) {
    this.socket = socket
    const notify = () => this.notify()
    socket.on("data", (chunk: Buffer) => {
      if (this.consumer === undefined) this.bytes = Buffer.concat([this.bytes, chunk])
      else this.consumer(chunk)
      notify()
    })
    socket.on("end", () => {
      this.ended = true
      notify()
    })
    // The first one is the cause.
    socket.on("error", (error) => {
      this.error ??= error
      notify()
    })
    socket.on("close", () => {
      this.closed = true
      notify()
    })
  }

  /** Something changed that others wait for. */
  notify(): void {
    for (const look of [...this.waiting]) look()
  }

  /** Whether nothing can come any more. */
  get over(): boolean {
    return this.ended || this.closed || this.error !== undefined
  }

  /** Hands over what was kept, and each chunk from now on. */
  consume(consumer: (chunk: Buffer) => void): void {
    this.consumer = consumer
    const { bytes } = this
    this.bytes = Buffer.alloc(0)
    if (bytes.length > 0) consumer(bytes)
  }

  /** Succeeds with what `look` finds, as soon as it finds something; it looks whenever something came. */
  when<A>(look: () => A | undefined): Effect.Effect<A> {
    return Effect.callback<A>((resume) => {
      const again = () => {
        const found = look()
        if (found === undefined) return
        this.waiting.delete(again)
        resume(Effect.succeed(found))
      }
      this.waiting.add(again)
      again()
      return Effect.sync(() => this.waiting.delete(again))
    })
  }
}
