/**
 * Durations in what is written as JSON or a config: the texts that flags take.
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as SchemaIssue from "effect/SchemaIssue"
import * as SchemaTransformation from "effect/SchemaTransformation"
import { parseDuration } from "./quantities.ts"

/** Writes a duration as `parseDuration` reads it, exactly. */
export const printDuration = (duration: Duration.Duration): string => {
  if (!Duration.isFinite(duration)) return "forever"
  const millis = Duration.toMillis(duration)
  if (millis < 1000 || millis % 1000 !== 0) return `${millis}ms`
  return millis >= 60_000 && millis % 60_000 === 0 ? `${millis / 60_000}m` : `${millis / 1000}s`
}

const expected = "a duration such as 250ms, 30s or 5m"

/** A duration out of its text. */
export const DurationText = Schema.String.annotate({ expected }).pipe(
  Schema.decodeTo(
    Schema.Duration,
    SchemaTransformation.transformEffect<Duration.Duration, string>({
      decode: (text, options) =>
        Option.match(parseDuration(text), {
          onNone: () => Effect.fail(new SchemaIssue.InvalidValue({ expected }, text, options)),
          onSome: Effect.succeed
        }),
      encode: (duration) => Effect.succeed(printDuration(duration))
    })
  )
)
