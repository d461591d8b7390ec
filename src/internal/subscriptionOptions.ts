/**
 * The options of subscriptions, checked and complete.
 */
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as RateLimiter from "effect/persistence/RateLimiter"
import * as Result from "effect/Result"
import { ConnectionError, type InvalidRequest } from "../ConnectionError.ts"
import { positiveDuration } from "./duration.ts"
import { oneOf, wholeNumber } from "./optionValues.ts"
import type { ReplayLimit } from "./replayPace.ts"
import type { BufferOptions } from "./subscriber.ts"

/** How much may wait for one subscriber. */
export interface Buffer {
  /** Messages, beside the batch in the subscriber's hands. Default 1 024. */
  readonly capacity?: number | undefined
  /**
   * What happens when that many wait.
   *
   * - `"backpressure"` (default): the socket is held up until there is room, as
   *   by any slow reader of the connection, under its `inbound` options. All keys
   *   wait for the slowest subscriber, and nothing is lost. Where the socket
   *   cannot be held up (`inbound.overflow` is not `"backpressure"`), the
   *   subscriber fails with `SubscriptionOverflow` 65 536 messages later.
   * - `"dropOldest"`, `"dropNewest"`: counted, and announced with one warning.
   * - `"fail"`: this subscriber alone fails, with `SubscriptionOverflow`.
   */
  readonly overflow?: BufferOptions["overflow"] | undefined
}

/** How subscriptions are paced, confirmed and buffered. */
export interface Tuning {
  /** How long a subscription with `confirm` waits for it, from its `open` on. Default 10 seconds. */
  readonly confirmTimeout?: Duration.Input | undefined
  /** For subscribers that do not say otherwise. */
  readonly buffer?: Buffer | undefined
  /** How fast `open`s and `close`s are sent. */
  readonly replay?: {
    /** So many are sent in one go, before others have their turn. Default 100. */
    readonly batch?: number | undefined
    /** Default: none, but for the connection's own. */
    readonly rateLimit?: {
      /** Messages in any window of that length, wherever it begins. */
      readonly limit: number
      readonly window: Duration.Input
      /**
       * Effect's `RateLimiter`, where others take from the same allowance: other
       * connections, or other processes through its Redis store. It counts in
       * fixed windows, so that a window of the same length that begins elsewhere
       * can hold up to twice as many.
       */
      readonly limiter?: RateLimiter.RateLimiter | undefined
      /** The key of that allowance. Default `"holdfast/Subscriptions"`. */
      readonly key?: string | undefined
    } | undefined
  } | undefined
}

export interface CheckedSubscriptions {
  readonly confirmTimeout: Duration.Duration
  readonly buffer: BufferOptions
  readonly batch: number
  readonly rateLimit: ReplayLimit | undefined
}

const defaultBuffer: BufferOptions = { capacity: 1024, overflow: "backpressure" }

/** Fails with `InvalidRequest` and a sentence that names the option. */
export const checkSubscriptions = (given: Tuning): Effect.Effect<CheckedSubscriptions, ConnectionError> =>
  told(Result.gen(function*() {
    const limit = given.replay?.rateLimit
    return {
      confirmTimeout: yield* positiveDuration("confirmTimeout", given.confirmTimeout ?? "10 seconds"),
      buffer: yield* buffer(given.buffer, defaultBuffer),
      batch: yield* wholeNumber("replay.batch", given.replay?.batch ?? 100, "messages"),
      rateLimit: limit === undefined ? undefined : {
        limit: yield* wholeNumber("replay.rateLimit.limit", limit.limit, "messages"),
        window: yield* positiveDuration("replay.rateLimit.window", limit.window),
        shared: limit.limiter === undefined
          ? undefined
          : { limiter: limit.limiter, key: limit.key ?? "holdfast/Subscriptions" }
      }
    }
  }))

/** The same for one subscriber's own buffer. */
export const checkBuffer = (
  given: Buffer | undefined,
  otherwise: BufferOptions
): Effect.Effect<BufferOptions, ConnectionError> => told(buffer(given, otherwise))

const buffer = (
  given: Buffer | undefined,
  otherwise: BufferOptions
): Result.Result<BufferOptions, InvalidRequest> =>
  given === undefined
    ? Result.succeed(otherwise)
    : Result.gen(function*() {
      return {
        capacity: yield* wholeNumber("buffer.capacity", given.capacity ?? otherwise.capacity, "messages"),
        overflow: yield* oneOf("buffer.overflow", given.overflow ?? otherwise.overflow, policies)
      }
    })

const policies = ["backpressure", "dropOldest", "dropNewest", "fail"] as const

const told = <A>(result: Result.Result<A, InvalidRequest>): Effect.Effect<A, ConnectionError> =>
  Effect.fromResult(Result.mapError(result, (reason) => new ConnectionError({ reason })))
