/**
 * How fast subscriptions are sent: in batches, and no more in any window of time
 * than the peer allows.
 */
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as RateLimiter from "effect/persistence/RateLimiter"
import * as Schedule from "effect/Schedule"

/** What a peer allows. */
export interface RateLimit {
  /** Messages. */
  readonly limit: number
  readonly window: Duration.Duration
  /** Who else takes from the same allowance; none for the subscriptions of this connection alone. */
  readonly shared: { readonly limiter: RateLimiter.RateLimiter; readonly key: string } | undefined
}

export interface Pace {
  /** At most so many are sent in one go. */
  readonly batch: number
  /** Waits until so many may be sent. */
  readonly room: (messages: number) => Effect.Effect<void>
  /** One was sent. */
  readonly spent: Effect.Effect<void>
}

export const makePace = (batch: number, rateLimit: RateLimit | undefined): Pace => {
  if (rateLimit === undefined) return { batch, room: () => Effect.yieldNow, spent: Effect.void }
  const atOnce = Math.min(batch, rateLimit.limit)
  const { shared } = rateLimit
  return shared === undefined
    ? { batch: atOnce, ...slidingWindow(rateLimit.limit, Duration.toNanosUnsafe(rateLimit.window)) }
    : { batch: atOnce, room: (messages) => consume(rateLimit, shared, messages), spent: Effect.void }
}

// A log of when each was sent, and not a bucket of tokens: no window of that length ever holds more, wherever it begins.
const slidingWindow = (limit: number, window: bigint): Pick<Pace, "room" | "spent"> => {
  const sent: Array<bigint> = []
  const room = (messages: number): Effect.Effect<void> =>
    Effect.flatMap(Clock.Clock, (clock) => {
      const now = clock.monotonicTimeNanosUnsafe()
      let past = 0
      while (past < sent.length && sent[past]! + window <= now) past++
      sent.splice(0, past)
      const tooMany = sent.length + messages - limit
      if (tooMany <= 0) return Effect.yieldNow
      // The wait is rounded up: a timer that is a little early would only wait again.
      const wait = sent[tooMany - 1]! + window - now
      return Effect.andThen(Effect.sleep(Duration.millis(Math.ceil(Number(wait) / 1e6))), room(messages))
    })
  return {
    room,
    spent: Effect.map(Clock.Clock, (clock) => {
      sent.push(clock.monotonicTimeNanosUnsafe())
    })
  }
}

// Where its store cannot be reached, nobody knows what may be sent: nothing is.
const consume = (
  { limit, window }: RateLimit,
  { key, limiter }: NonNullable<RateLimit["shared"]>,
  tokens: number
): Effect.Effect<void> =>
  limiter.consume({ algorithm: "fixed-window", onExceeded: "delay", window, limit, key, tokens }).pipe(
    Effect.tapError((error) => Effect.logWarning(`subscriptions wait for their rate limiter: ${error.message}`)),
    Effect.retry(Schedule.spaced("1 second")),
    Effect.flatMap(({ delay }) => Effect.sleep(delay)),
    Effect.orDie
  )
