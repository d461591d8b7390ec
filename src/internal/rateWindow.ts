/**
 * A limit on what goes out: no window of a certain length ever holds more than
 * so many frames.
 *
 * A token bucket of the same figures lets twice as many through, and a service
 * that counts calls that a violation. So the moments of the latest frames are
 * kept, one for each that the limit allows.
 */
import type * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Semaphore from "effect/Semaphore"
import type { ConnectionError } from "../ConnectionError.ts"
import type { Link, Message } from "../Link.ts"
import { sleepUntil } from "./liveness.ts"
import { isMessage } from "./sendFailures.ts"

export interface RateLimit {
  /** Frames, at least 1. */
  readonly limit: number
  readonly window: Duration.Duration
}

/** Waits for the turn of a frame within a rate limit, and offers it then; the result says whether it was taken. */
export type InTurn = (offer: () => boolean) => Effect.Effect<boolean>

export class RateWindow {
  private readonly limit: number
  private readonly window: bigint
  private readonly clock: Clock.Clock
  /** When the latest frames went out, as a ring; monotonic nanoseconds. */
  private readonly times: Array<bigint> = []
  private oldest = 0
  private urgent = 0
  private readonly turn = Semaphore.makeUnsafe(1)

  constructor(options: RateLimit, clock: Clock.Clock) {
    this.limit = options.limit
    this.window = Duration.toNanosUnsafe(options.window)
    this.clock = clock
  }

  /** When the next frame may go out; a moment in the past where it may now. */
  private get freeAt(): bigint {
    return this.times.length < this.limit ? 0n : this.times[this.oldest]! + this.window
  }

  private get hasRoom(): boolean {
    return this.times.length < this.limit || this.clock.monotonicTimeNanosUnsafe() >= this.freeAt
  }

  /** Whether an ordinary frame may go out now: there is room, and nothing urgent waits for it. */
  get isFree(): boolean {
    return this.urgent === 0 && this.hasRoom
  }

  /** A frame goes out. */
  take(): void {
    const now = this.clock.monotonicTimeNanosUnsafe()
    if (this.times.length < this.limit) {
      this.times.push(now)
      return
    }
    this.times[this.oldest] = now
    this.oldest = (this.oldest + 1) % this.limit
  }

  /** Waits until there may be room for an ordinary frame. */
  get pause(): Effect.Effect<void> {
    return Effect.suspend(() => sleepUntil(this.clock, this.freeAt))
  }

  /**
   * Offers a frame as soon as there is room, ahead of all ordinary frames and in
   * the order in which this was asked for. It counts from when it was taken.
   */
  readonly first: InTurn = (offer) => {
    const wait: Effect.Effect<boolean> = Effect.suspend(() =>
      this.hasRoom ? Effect.succeed(this.offerNow(offer)) : Effect.andThen(this.pause, wait)
    )
    // Whoever is counted is uncounted, at whatever step it is interrupted.
    return Effect.uninterruptibleMask((restore) => {
      if (this.isFree) return Effect.succeed(this.offerNow(offer))
      this.urgent++
      return Effect.ensuring(restore(this.turn.withPermit(wait)), Effect.sync(() => this.urgent--))
    })
  }

  private offerNow(offer: () => boolean): boolean {
    const taken = offer()
    if (taken) this.take()
    return taken
  }
}

/** Like `link.write`, in turn; `onTurn` is called right before. */
export const sendInTurn = (
  link: Link,
  message: Message,
  inTurn: InTurn,
  onTurn?: () => void
): Effect.Effect<void, ConnectionError> =>
  Effect.flatMap(
    inTurn(() => {
      onTurn?.()
      return isMessage(message) && link.offer(message)
    }),
    // The link knows why it was refused.
    (taken) => taken ? Effect.void : link.write([message])
  )
