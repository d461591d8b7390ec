import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import { LinkState } from "../../src/internal/linkState.ts"
import type { Message } from "../../src/Link.ts"

/**
 * A link without a network, on the test's virtual time, whose every answer the
 * test decides; with a monotonic clock that can leap, as it does for a stalled
 * event loop or a suspended machine.
 */
export class FakeLink {
  readonly clock: Clock.Clock
  readonly state: LinkState
  /** When each ping was asked for, in milliseconds. */
  readonly pings: Array<{ readonly at: number; readonly payload: Uint8Array }> = []
  readonly sent: Array<{ readonly at: number; readonly message: Message }> = []
  /** How many times somebody slept: the wakes of a guard. */
  sleeps = 0
  sleeping = 0
  terminations = 0
  /** Answers every ping at once. */
  answering = false
  /** Pings are taken, but do not leave. */
  stuck = false
  backlog = 0
  /** What lies in the kernel, unread: runs when the sockets are read after the next timer. */
  unread: (() => void) | undefined

  private leapt = 0n
  private stuckPings: Array<() => void> = []
  private drains: Array<() => void> = []

  private readonly inner: Clock.Clock

  constructor(inner: Clock.Clock) {
    this.inner = inner
    const monotonic = () => inner.monotonicTimeNanosUnsafe() + this.leapt
    const read = Effect.withFiber((fiber: Fiber.Fiber<unknown, unknown>) => {
      const unread = this.unread
      this.unread = undefined
      if (unread !== undefined) fiber.currentDispatcher.scheduleTask(unread, 0)
      return Effect.void
    })
    this.clock = {
      currentTimeMillisUnsafe: () => inner.currentTimeMillisUnsafe(),
      currentTimeMillis: inner.currentTimeMillis,
      currentTimeNanosUnsafe: () => inner.currentTimeNanosUnsafe(),
      currentTimeNanos: inner.currentTimeNanos,
      monotonicTimeNanosUnsafe: monotonic,
      monotonicTimeNanos: Effect.sync(monotonic),
      sleep: (duration) =>
        Effect.suspend(() => {
          this.sleeps++
          this.sleeping++
          return Effect.ensuring(inner.sleep(duration), Effect.sync(() => this.sleeping--)).pipe(Effect.andThen(read))
        })
    }
    this.state = new LinkState({
      endpoint: "ws://fake/path",
      attempt: 1,
      subprotocol: undefined,
      response: undefined,
      clock: this.clock,
      driver: {
        send: (message) => {
          this.sent.push({ at: this.now, message })
        },
        buffered: () => this.backlog,
        whenBelow: (_mark, done) => this.whenDrained(done),
        whenFlushed: (done) => this.whenDrained(done),
        ping: (payload, done) => {
          this.pings.push({ at: this.now, payload: payload.slice() })
          if (this.stuck) this.stuckPings.push(done)
          else done()
          if (this.answering) this.pong(payload)
        },
        close: () => {},
        terminate: () => {
          this.terminations++
        },
        pause: () => {},
        resume: () => {}
      }
    })
  }

  private whenDrained(done: () => void): () => void {
    this.drains.push(done)
    return () => {
      this.drains = this.drains.filter((drain) => drain !== done)
    }
  }

  /** Virtual milliseconds, without the leaps. */
  get now(): number {
    return this.inner.currentTimeMillisUnsafe()
  }

  /** The monotonic clock leaps; no timer notices. */
  leap(duration: Duration.Input): void {
    this.leapt += Duration.toNanosUnsafe(duration)
  }

  message(message: Message = "data"): void {
    this.state.push(message, 4)
    this.state.touch()
  }

  serverPing(): void {
    this.state.pinged(new Uint8Array())
    this.state.touch()
  }

  pong(payload: Uint8Array): void {
    this.state.pong(payload)
    this.state.touch()
  }

  /** What was stuck has left. */
  release(): void {
    this.stuck = false
    this.backlog = 0
    for (const done of this.stuckPings.splice(0)) done()
    for (const done of this.drains.splice(0)) done()
  }
}

export const make: Effect.Effect<FakeLink> = Clock.clockWith((clock) => Effect.succeed(new FakeLink(clock)))
