/**
 * How fast subscriptions are sent: in batches, and no more in any window of time
 * than the peer allows.
 */
import type * as Clock from "effect/Clock"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as RateLimiter from "effect/persistence/RateLimiter"
import * as Schedule from "effect/Schedule"
import { RateWindow } from "./rateWindow.ts"

/** What a peer allows. */
export interface ReplayLimit {
  /** Messages. */
  readonly limit: number
  readonly window: Duration.Duration
  /** Who else takes from the same allowance; none for the subscriptions of this connection alone. */
  readonly shared: { readonly limiter: RateLimiter.RateLimiter; readonly key: string } | undefined
}

export interface Pace {
  /** At most so many are sent in one go. */
  readonly batch: number
  /** Before so many of them: others have their turn. */
  readonly begin: (messages: number) => Effect.Effect<void>
  /** Before each: waits until it may be sent. */
  readonly each: Effect.Effect<void>
  /** One was sent. */
  readonly spent: Effect.Effect<void>
}

export const makePace = (batch: number, rateLimit: ReplayLimit | undefined, clock: Clock.Clock): Pace => {
  const unlimited: Pace = { batch, begin: () => Effect.yieldNow, each: Effect.void, spent: Effect.void }
  if (rateLimit === undefined) return unlimited
  const { limit, shared } = rateLimit
  return shared === undefined
    ? { ...unlimited, ...windowed(new RateWindow(rateLimit, clock)) }
    : { ...unlimited, batch: Math.min(batch, limit), begin: (messages) => consume(rateLimit, shared, messages) }
}

const windowed = (window: RateWindow): Pick<Pace, "each" | "spent"> => {
  const each: Effect.Effect<void> = Effect.suspend(() =>
    window.isFree ? Effect.void : Effect.andThen(window.pause, each)
  )
  return { each, spent: Effect.sync(() => window.take()) }
}

// Where its store cannot be reached, nobody knows what may be sent: nothing is.
const consume = (
  { limit, window }: ReplayLimit,
  { key, limiter }: NonNullable<ReplayLimit["shared"]>,
  tokens: number
): Effect.Effect<void> =>
  limiter.consume({ algorithm: "fixed-window", onExceeded: "delay", window, limit, key, tokens }).pipe(
    Effect.tapError((error) => Effect.logWarning(`subscriptions wait for their rate limiter: ${error.message}`)),
    Effect.retry(Schedule.spaced("1 second")),
    Effect.flatMap(({ delay }) => Effect.sleep(delay)),
    Effect.orDie
  )
