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
  /** Waits until some of so many may be sent, and tells how many. */
  readonly room: (wanted: number) => Effect.Effect<number>
  /** One was sent. */
  readonly spent: Effect.Effect<void>
}

export const makePace = (batch: number, rateLimit: RateLimit | undefined): Pace => {
  if (rateLimit === undefined) return { batch, room: (wanted) => Effect.as(Effect.yieldNow, wanted), spent: Effect.void }
  const atOnce = Math.min(batch, rateLimit.limit)
  const { shared } = rateLimit
  return shared === undefined
    ? { batch: atOnce, ...slidingWindow(rateLimit.limit, Duration.toNanosUnsafe(rateLimit.window)) }
    : { batch: atOnce, room: (wanted) => consume(rateLimit, shared, wanted), spent: Effect.void }
}

// A log of when each was sent, and not a bucket of tokens: no window of that length ever holds more, wherever it begins.
const slidingWindow = (limit: number, window: bigint): Pick<Pace, "room" | "spent"> => {
  const sent: Array<bigint> = []
  const room = (wanted: number): Effect.Effect<number> =>
    Effect.flatMap(Clock.Clock, (clock) => {
      const now = clock.monotonicTimeNanosUnsafe()
      let past = 0
      while (past < sent.length && sent[past]! + window <= now) past++
      sent.splice(0, past)
      if (sent.length < limit) return Effect.as(Effect.yieldNow, Math.min(wanted, limit - sent.length))
      // Rounded up: a timer that is a little early would only wait again.
      const wait = Math.ceil(Number(sent[0]! + window - now) / 1e6)
      return Effect.andThen(Effect.sleep(Duration.millis(wait)), room(wanted))
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
): Effect.Effect<number> =>
  limiter.consume({ algorithm: "fixed-window", onExceeded: "delay", window, limit, key, tokens }).pipe(
    Effect.tapError((error) => Effect.logWarning(`subscriptions wait for their rate limiter: ${error.message}`)),
    Effect.retry(Schedule.spaced("1 second")),
    Effect.flatMap(({ delay }) => Effect.as(Effect.sleep(delay), tokens)),
    Effect.orDie
  )
