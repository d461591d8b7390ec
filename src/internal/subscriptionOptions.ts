/**
 * The options of subscriptions, checked and complete.
 */
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as RateLimiter from "effect/persistence/RateLimiter"
import * as Result from "effect/Result"
import { ConnectionError, InvalidRequest } from "../ConnectionError.ts"
import { positiveDuration } from "./duration.ts"
import type { ReplayLimit } from "./replayPace.ts"
import type { BufferOptions } from "./subscriber.ts"

interface GivenBuffer {
  readonly capacity?: number | undefined
  readonly overflow?: BufferOptions["overflow"] | undefined
}

interface GivenOptions {
  readonly confirmTimeout?: Duration.Input | undefined
  readonly buffer?: GivenBuffer | undefined
  readonly replay?: {
    readonly batch?: number | undefined
    readonly rateLimit?: {
      readonly limit: number
      readonly window: Duration.Input
      readonly limiter?: RateLimiter.RateLimiter | undefined
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
export const checkSubscriptions = (given: GivenOptions): Effect.Effect<CheckedSubscriptions, ConnectionError> =>
  told(Result.gen(function*() {
    const limit = given.replay?.rateLimit
    return {
      confirmTimeout: yield* positiveDuration("confirmTimeout", given.confirmTimeout ?? "10 seconds"),
      buffer: yield* buffer(given.buffer, defaultBuffer),
      batch: yield* count("replay.batch", given.replay?.batch ?? 100),
      rateLimit: limit === undefined ? undefined : {
        limit: yield* count("replay.rateLimit.limit", limit.limit),
        window: yield* positiveDuration("replay.rateLimit.window", limit.window),
        shared: limit.limiter === undefined
          ? undefined
          : { limiter: limit.limiter, key: limit.key ?? "holdfast/Subscriptions" }
      }
    }
  }))

/** The same for one subscriber's own buffer. */
export const checkBuffer = (
  given: GivenBuffer | undefined,
  otherwise: BufferOptions
): Effect.Effect<BufferOptions, ConnectionError> => told(buffer(given, otherwise))

const buffer = (
  given: GivenBuffer | undefined,
  otherwise: BufferOptions
): Result.Result<BufferOptions, InvalidRequest> =>
  given === undefined
    ? Result.succeed(otherwise)
    : Result.gen(function*() {
      const overflow = given.overflow ?? otherwise.overflow
      if (!policies.has(overflow)) {
        const known = Array.from(policies, (name) => `"${name}"`).join(", ")
        return yield* invalid("buffer.overflow", `${JSON.stringify(overflow)} is unknown; use ${known}`)
      }
      return { capacity: yield* count("buffer.capacity", given.capacity ?? otherwise.capacity), overflow }
    })

const policies: ReadonlySet<string> = new Set(["backpressure", "dropOldest", "dropNewest", "fail"])

const count = (option: string, value: number): Result.Result<number, InvalidRequest> =>
  Number.isSafeInteger(value) && value > 0
    ? Result.succeed(value)
    : invalid(option, `${String(value)} is not a number of messages; use a whole number above 0`)

const invalid = (option: string, problem: string): Result.Result<never, InvalidRequest> =>
  Result.fail(new InvalidRequest({ option, problem }))

const told = <A>(result: Result.Result<A, InvalidRequest>): Effect.Effect<A, ConnectionError> =>
  Effect.fromResult(Result.mapError(result, (reason) => new ConnectionError({ reason })))
