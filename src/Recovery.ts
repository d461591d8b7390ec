/**
 * May we try again, and not before when? The answer of a classification, as
 * plain data.
 */
import * as Duration from "effect/Duration"
import * as Schema from "effect/Schema"

/**
 * Do not try again: the connection closes with its last cause.
 */
export const Stop = Schema.TaggedStruct("Stop", {})

/**
 * Try again.
 *
 * - `notBefore`: a floor that the peer asked for. Of a range, one value is drawn.
 * - `immediately`: skips the schedule's delay, but no floor; it still takes a
 *   step of the schedule.
 * - `atMost`: how many such retries are allowed, per reason and code, since the
 *   last stable session.
 */
export const Retry = Schema.TaggedStruct("Retry", {
  notBefore: Schema.optional(Schema.Tuple([Schema.Duration, Schema.Duration])),
  immediately: Schema.Boolean,
  atMost: Schema.optional(Schema.Number)
})

/**
 * Schema of a recovery.
 */
export const Recovery = Schema.Union([Stop, Retry])

/**
 * Either `Stop` or `Retry`.
 */
export type Recovery = typeof Recovery.Type

/**
 * Never try again.
 */
export const stop: Recovery = { _tag: "Stop" }

/**
 * Try again, at the schedule's pace unless told otherwise.
 *
 * `notBefore` is one duration or a range to draw from; `atMost` is a whole
 * number of retries.
 */
export const retry = (options?: {
  readonly notBefore?: Duration.Input | readonly [Duration.Input, Duration.Input] | undefined
  readonly immediately?: boolean | undefined
  readonly atMost?: number | undefined
}): Recovery => ({
  _tag: "Retry",
  notBefore: options?.notBefore === undefined ? undefined : toRange(options.notBefore),
  immediately: options?.immediately === true,
  atMost: options?.atMost
})

/**
 * Whether the recovery allows another attempt.
 */
export const isRetry = (self: Recovery): self is typeof Retry.Type => self._tag === "Retry"

// `[seconds, nanos]` is itself a Duration.Input; here a pair always means a range.
const isRange = (
  input: Duration.Input | readonly [Duration.Input, Duration.Input]
): input is readonly [Duration.Input, Duration.Input] => Array.isArray(input)

const toRange = (
  input: Duration.Input | readonly [Duration.Input, Duration.Input]
): readonly [Duration.Duration, Duration.Duration] => {
  const [low, high] = isRange(input) ? input : [input, input]
  const from = Duration.fromInputUnsafe(low)
  return [from, Duration.max(from, Duration.fromInputUnsafe(high))]
}
