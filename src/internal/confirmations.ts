/**
 * The subscriptions that wait for the peer's acknowledgement, the oldest first,
 * and one timer for all of them.
 */
import type * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"

/** What a message says of a subscription; undefined where it says nothing. */
export type Verdict = "confirmed" | "refused" | undefined

/** A subscription that may wait here. */
export interface Confirmable<Incoming> {
  readonly confirm: ((incoming: Incoming) => Verdict) | undefined
  readonly onRefused: (reply: Incoming) => void
  readonly onUnconfirmed: () => void
}

export interface ConfirmationsOptions {
  readonly timeout: Duration.Duration
  readonly clock: Clock.Clock
  /** Starts a fiber that lives no longer than the subscriptions. */
  readonly run: (effect: Effect.Effect<void>) => void
  /** Whether we hold the socket up ourselves: then no answer can come, and nothing is judged. */
  readonly heldUp: () => boolean
}

export class Confirmations<Incoming> {
  private readonly options: ConfirmationsOptions
  private readonly timeout: bigint
  /** Until when each may wait: in the order of the deadlines, since all wait equally long. */
  private readonly waiting = new Map<Confirmable<Incoming>, bigint>()
  private watched = false

  constructor(options: ConfirmationsOptions) {
    this.options = options
    this.timeout = Duration.toNanosUnsafe(options.timeout)
  }

  get isEmpty(): boolean {
    return this.waiting.size === 0
  }

  /** From now on. */
  expect(topic: Confirmable<Incoming>): void {
    if (topic.confirm === undefined) return
    this.waiting.delete(topic)
    this.waiting.set(topic, this.options.clock.monotonicTimeNanosUnsafe() + this.timeout)
    if (this.watched) return
    this.watched = true
    this.options.run(this.watch)
  }

  forget(topic: Confirmable<Incoming>): void {
    this.waiting.delete(topic)
  }

  clear(): void {
    this.waiting.clear()
  }

  /** A message about this subscription. */
  hear(topic: Confirmable<Incoming>, incoming: Incoming): boolean {
    if (!this.waiting.has(topic)) return false
    const verdict = topic.confirm!(incoming)
    if (verdict === undefined) return false
    this.waiting.delete(topic)
    if (verdict === "refused") topic.onRefused(incoming)
    return true
  }

  /** A message that names no subscription: the first that knows it, and answers mostly come in the order of the questions. */
  hearUnnamed(incoming: Incoming): void {
    for (const topic of this.waiting.keys()) if (this.hear(topic, incoming)) return
  }

  private get watch(): Effect.Effect<void> {
    return Effect.suspend(() => {
      const now = this.options.clock.monotonicTimeNanosUnsafe()
      for (const [topic, deadline] of this.waiting) {
        if (deadline > now) {
          return Effect.andThen(Effect.sleep(Duration.nanos(deadline - now)), this.watch)
        }
        this.waiting.delete(topic)
        if (this.options.heldUp()) this.waiting.set(topic, now + this.timeout)
        else topic.onUnconfirmed()
      }
      this.watched = false
      return Effect.void
    })
  }
}
