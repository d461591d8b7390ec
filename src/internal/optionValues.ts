/**
 * Counts and choices as people give them in options: whatever came, a value or a
 * sentence that names the option and says what to write instead. Durations are in
 * a file of their own.
 */
import * as Result from "effect/Result"
import { InvalidRequest } from "./reasons.ts"

export const invalid = (option: string, problem: string): Result.Result<never, InvalidRequest> =>
  Result.fail(new InvalidRequest({ option, problem }))

/** A whole number above zero, of `unit`. */
export const wholeNumber = (option: string, value: unknown, unit: string): Result.Result<number, InvalidRequest> =>
  typeof value === "number" && Number.isSafeInteger(value) && value > 0
    ? Result.succeed(value)
    : invalid(option, `${String(value)} is not a number of ${unit}; use a whole number above 0`)

/** One of these words. */
export const oneOf = <const A extends string>(
  option: string,
  value: A,
  allowed: ReadonlyArray<NoInfer<A>>
): Result.Result<A, InvalidRequest> =>
  allowed.includes(value)
    ? Result.succeed(value)
    : invalid(option, `${JSON.stringify(value)} is unknown; use ${allowed.map((name) => `"${name}"`).join(", ")}`)
