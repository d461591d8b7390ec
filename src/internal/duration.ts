/**
 * Durations as people give them in options: whatever came, a duration or a
 * sentence that says what to write instead. Never a throw.
 */
import * as Duration from "effect/Duration"
import { format } from "effect/Formatter"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import { InvalidRequest } from "./reasons.ts"

const example = "a duration such as \"10 seconds\", or a number of milliseconds"

const units = ["weeks", "days", "hours", "minutes", "seconds", "milliseconds", "microseconds", "nanoseconds"] as const

// Effect takes NaN, `{}` and `{ seconds: "x" }` as zero; in an option each is a mistake.
const isSensible = (input: unknown): input is Duration.Input => {
  if (typeof input === "number") return !Number.isNaN(input)
  if (typeof input !== "object" || input === null || Duration.isDuration(input)) return true
  const parts = Array.isArray(input)
    ? input
    : units.map((unit) => (input as Record<string, unknown>)[unit]).filter((part) => part !== undefined)
  return parts.length > 0 && parts.every((part) => typeof part === "number" && !Number.isNaN(part))
}

const most = 100
const known = new Map<string, Option.Option<Duration.Duration>>()

/** The same text is the same value: one for all connections of a process. */
const parse = (input: Duration.Input): Option.Option<Duration.Duration> => {
  if (typeof input !== "string") return Duration.fromInput(input)
  const found = known.get(input)
  if (found !== undefined) return found
  const parsed = Duration.fromInput(input)
  if (known.size < most) known.set(input, parsed)
  return parsed
}

const checked = (
  option: string,
  input: unknown,
  wanted: string,
  isLegal: (duration: Duration.Duration) => boolean
): Result.Result<Duration.Duration, InvalidRequest> => {
  const parsed = isSensible(input) ? parse(input) : Option.none()
  if (Option.isSome(parsed) && isLegal(parsed.value)) return Result.succeed(parsed.value)
  const got = format(input).slice(0, 60)
  return Result.fail(new InvalidRequest({ option, problem: `must be ${wanted}: ${example}; got ${got}` }))
}

/**
 * A finite duration above zero.
 */
export const positiveDuration = (option: string, input: unknown): Result.Result<Duration.Duration, InvalidRequest> =>
  checked(
    option,
    input,
    "finite and longer than zero",
    (duration) => Duration.isFinite(duration) && Duration.isPositive(duration)
  )

/**
 * A finite duration, zero included.
 */
export const nonNegativeDuration = (option: string, input: unknown): Result.Result<Duration.Duration, InvalidRequest> =>
  checked(
    option,
    input,
    "finite and not negative",
    (duration) => Duration.isFinite(duration) && !Duration.isNegative(duration)
  )

/**
 * A duration above zero; `"Infinity"` or `Duration.infinity` means without a
 * limit.
 */
export const positiveOrInfiniteDuration = (
  option: string,
  input: unknown
): Result.Result<Duration.Duration, InvalidRequest> =>
  checked(option, input, "longer than zero, or \"Infinity\"", Duration.isPositive)
