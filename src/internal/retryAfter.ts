/**
 * How long a server asks us to wait (`Retry-After`, RFC 9110 §10.2.3).
 */
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Headers from "effect/http/Headers"
import * as Option from "effect/Option"
import * as Result from "effect/Result"

/** No server may put us off for longer. */
export const longestWait = Duration.hours(1)

/**
 * The wait that the headers ask for, at most one hour.
 *
 * **Details**
 *
 * Seconds, or an HTTP date relative to the response's own `Date`, so that a wrong
 * clock on either side does not matter; where there is none, relative to `now`
 * (epoch milliseconds), where that is given. Garbage, dates in the past and zero
 * ask for nothing.
 */
export const retryAfter = (headers: Headers.Headers, now?: number): Option.Option<Duration.Duration> => {
  const parsed = Headers.parseRetryAfter(headers["retry-after"] ?? "")
  if (Result.isFailure(parsed)) return Option.none()
  const base = Option.getOrElse(sentAt(headers), () => now)
  if (parsed.success._tag === "DateTime" && base === undefined) return Option.none()
  const wait = Headers.retryAfterDelay(parsed.success, base ?? 0)
  return Duration.isPositive(wait) ? Option.some(Duration.min(wait, longestWait)) : Option.none()
}

const sentAt = (headers: Headers.Headers): Option.Option<number> =>
  Option.map(Result.getSuccess(Headers.parseHttpDate(headers["date"] ?? "")), DateTime.toEpochMillis)
