/**
 * A link whose socket is an array: what was sent stays in it until the test lets
 * it leave, and what the peer sends waits while the link is paused.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import { LinkState } from "../../src/internal/linkState.ts"
import { messageSize } from "../../src/internal/messageSize.ts"
import { Waiters } from "../../src/internal/wait.ts"
import type { Message } from "../../src/Link.ts"

export class WiredLink {
  readonly state: LinkState
  /** Everything that was taken, in order. */
  readonly sent: Array<Message> = []
  /** How often somebody asked to be told when there is room. */
  asked = 0
  /** False while the peer's Close is here, but nobody has seen it. */
  takes = true

  private held: Array<number> = []
  private flushes: Array<{ readonly upTo: number; readonly done: () => void }> = []
  private coming: Array<Message> = []
  private isPaused = false
  private readonly drains = new Waiters()
  private readonly framing: number

  /** `framing` is what this link counts for each frame, beside the payload. */
  constructor(clock: Clock.Clock, framing: number) {
    this.framing = framing
    this.state = new LinkState({
      endpoint: "ws://wired/",
      attempt: 1,
      subprotocol: undefined,
      response: undefined,
      clock,
      driver: {
        send: (message) => {
          if (!this.takes) return false
          this.sent.push(message)
          this.held.push(messageSize(message) + this.framing)
          return true
        },
        buffered: () => this.held.reduce((sum, size) => sum + size, 0),
        whenBelow: (_mark, done) => {
          this.asked++
          return this.drains.add(done)
        },
        whenFlushed: (done) => {
          const waiter = { upTo: this.sent.length, done }
          this.flushes.push(waiter)
          return () => {
            this.flushes = this.flushes.filter((other) => other !== waiter)
          }
        },
        ping: undefined,
        close: () => {},
        terminate: () => {},
        pause: () => {
          this.isPaused = true
        },
        resume: () => {
          this.isPaused = false
        }
      }
    })
  }

  /** Lets this many frames leave. */
  leave(frames: number): void {
    this.held = this.held.slice(frames)
    this.drains.wakeAll()
    for (const { done, upTo } of this.flushes) if (this.sent.length - this.held.length >= upTo) done()
  }

  /** The peer sends, in one chunk; what waited while the link was paused comes first. */
  receive(...messages: ReadonlyArray<Message>): void {
    this.coming.push(...messages)
    while (!this.isPaused && this.coming.length > 0) {
      const message = this.coming.shift()!
      this.state.push(message, messageSize(message))
    }
  }
}

export const make = (options: { readonly framing?: number } = {}): Effect.Effect<WiredLink> =>
  Clock.clockWith((clock) => Effect.succeed(new WiredLink(clock, options.framing ?? 0)))
