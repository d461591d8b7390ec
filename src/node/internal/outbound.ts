/**
 * The way out through `ws`: frames of one tick are coalesced into one write.
 */
import type { Socket } from "node:net"
import WebSocket from "ws"
import type { Driver } from "../../internal/linkState.ts"
import type { Message } from "../../Link.ts"
import { resetSocket } from "./resetSocket.ts"

/** Corked bytes that are handed on before the tick is over. */
const most = 64 * 1024

/** From here on a message is worth a write of its own. */
const large = 16 * 1024

/**
 * Below this many code units a text is encoded first: `ws` then makes one buffer
 * of header and payload, where it would make two writes of a string. Above, the
 * copy costs more than the write.
 */
const shortText = 1024

const asText = { binary: false }
const empty = Buffer.alloc(0)

const endTick = (outbound: Outbound): void => outbound.endTick()

interface Waiter {
  /** Asked whenever something has left; `left` is what is still here. */
  readonly isServed: (left: number) => boolean
  readonly done: () => void
}

const none: ReadonlyArray<Waiter> = []

export class Outbound implements Driver {
  private readonly ws: WebSocket
  private readonly socket: Socket
  private readonly deflates: boolean
  private sentThisTick = false
  private corked = false
  private corkedBytes = 0
  private barrier = false
  /** Barriers that have left. */
  private passed = 0
  /** Messages that were given to be compressed, and how many of them have left. */
  private taken = 0
  private gone = 0
  private waiting: ReadonlyArray<Waiter> = none
  private atDestruction: number | undefined = undefined

  constructor(ws: WebSocket, socket: Socket) {
    this.ws = ws
    this.socket = socket
    this.deflates = ws.extensions !== ""
    // A stream forgets what it had not written before it tells that it was destroyed, by a reset for instance.
    const destroy = socket.destroy
    socket.destroy = (error) => {
      this.atDestruction ??= ws.bufferedAmount
      return destroy.call(socket, error)
    }
  }

  send(message: Message): boolean {
    // `ws` would drop it and say nothing.
    if (this.ws.readyState !== WebSocket.OPEN) return false
    if (this.deflates) {
      // It is compressed later on, when a caller's array may have changed.
      this.taken++
      this.ws.send(typeof message === "string" ? message : Buffer.from(message), () => this.sent())
      return true
    }
    this.cork(message.length)
    if (typeof message === "string" && message.length < shortText) this.ws.send(Buffer.from(message), asText)
    else this.ws.send(message)
    return true
  }

  /** The first frame of a tick goes out at once, since it may be the only one; those that follow it go together. */
  private cork(bytes: number): void {
    if (!this.sentThisTick) {
      this.sentThisTick = true
      process.nextTick(endTick, this)
      return
    }
    if (bytes >= large) return this.uncork()
    if (!this.corked) {
      this.corked = true
      this.corkedBytes = 0
      this.socket.cork()
    } else if (this.corkedBytes >= most) {
      this.socket.uncork()
      this.socket.cork()
      this.corkedBytes = 0
    }
    this.corkedBytes += bytes
  }

  private uncork(): void {
    if (!this.corked) return
    this.corked = false
    this.socket.uncork()
  }

  endTick(): void {
    this.sentThisTick = false
    this.uncork()
  }

  buffered(): number {
    return this.atDestruction ?? this.ws.bufferedAmount
  }

  whenBelow(mark: number, done: () => void): () => void {
    return this.when((left) => left <= mark, done)
  }

  whenFlushed(done: () => void): () => void {
    if (this.deflates) {
      const { taken } = this
      return this.when(() => this.gone >= taken, done)
    }
    // One that is on its way already is behind less than all of it.
    const awaited = this.passed + (this.barrier ? 2 : 1)
    return this.when(() => this.passed >= awaited, done)
  }

  private when(isServed: Waiter["isServed"], done: () => void): () => void {
    const waiter = { isServed, done }
    this.waiting = [...this.waiting, waiter]
    this.uncork()
    this.wait()
    return () => this.forget(waiter)
  }

  /**
   * `drain` is not told below the stream's own mark, so an empty write is queued
   * behind all others. One at a time, however many wait and however often they
   * give up.
   */
  private wait(): void {
    if (this.barrier || this.waiting.length === 0 || !this.socket.writable) return
    // What is being compressed is not with the socket yet; the message's own callback comes back here.
    if (this.deflates && this.ws.bufferedAmount > this.socket.writableLength) return
    this.barrier = true
    this.socket.write(empty, () => {
      this.barrier = false
      this.passed++
      this.written()
    })
  }

  /** A compressed message has left, or never will. */
  private sent(): void {
    this.gone++
    this.written()
  }

  private written(): void {
    if (this.waiting.length === 0) return
    const left = this.buffered()
    for (const waiter of this.waiting) {
      if (!waiter.isServed(left)) continue
      this.forget(waiter)
      waiter.done()
    }
    this.wait()
  }

  private forget(waiter: Waiter): void {
    if (this.waiting.includes(waiter)) this.waiting = this.waiting.filter((other) => other !== waiter)
  }

  ping(payload: Uint8Array, done: () => void): void {
    if (this.ws.readyState !== WebSocket.OPEN) return
    this.ws.ping(payload, true, (error?: Error | null) => {
      if (error == null) done()
      this.written()
    })
    this.uncork()
  }

  pong(payload: Uint8Array): void {
    if (this.ws.readyState !== WebSocket.OPEN) return
    this.ws.pong(payload, true)
    this.uncork()
  }

  close(code: number, reason: string): void {
    try {
      this.ws.close(code, reason)
      this.uncork()
    } catch {
      // A code that this `ws` does not know: the caller's bound need not run out.
      this.terminate()
    }
  }

  terminate(): void {
    this.ws.terminate()
    this.socket.destroy()
  }

  reset(): void {
    resetSocket(this.socket)
    this.terminate()
  }

  // Between the chunks of one read of the event loop; an immediate comes after up to 32 of them.
  readonly afterCallback = process.nextTick

  pause(): void {
    this.ws.pause()
  }

  resume(): void {
    this.ws.resume()
  }
}
