/**
 * Durations and sizes as people write them in a config: always with a unit,
 * since `timeout = 30` would mean seconds to one and milliseconds to another.
 */
import * as ByteSize from "effect/ByteSize"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"

const units: { readonly [unit: string]: number } = {
  ms: 1,
  milli: 1,
  millis: 1,
  millisecond: 1,
  milliseconds: 1,
  s: 1000,
  sec: 1000,
  secs: 1000,
  second: 1000,
  seconds: 1000,
  m: 60_000,
  min: 60_000,
  mins: 60_000,
  minute: 60_000,
  minutes: 60_000,
  h: 3_600_000,
  hour: 3_600_000,
  hours: 3_600_000,
  d: 86_400_000,
  day: 86_400_000,
  days: 86_400_000
}

/** The milliseconds of `"25 seconds"`, `"25s"` or `"1m 30s"`; undefined where it is none, or not above zero. */
export const millisOf = (text: string): number | undefined => {
  const parts = [...text.trim().matchAll(/\s*(\d+(?:\.\d+)?)\s*([a-z]+)\s*/giy)]
  if (parts.length === 0 || parts.map(([part]) => part).join("") !== text.trim()) return undefined
  let millis = 0
  for (const [, count, unit] of parts) {
    const factor = units[String(unit).toLowerCase()]
    if (factor === undefined) return undefined
    millis += Number(count) * factor
  }
  return millis > 0 && Number.isFinite(millis) ? millis : undefined
}

/** The bytes of `"256 KiB"`, `"1 MB"` or a plain number; undefined where it is none, or not above zero. */
export const bytesOf = (size: string | number): number | undefined => {
  const bytes = typeof size === "number" ? size : Option.getOrUndefined(Option.map(ByteSize.fromString(size), Number))
  return bytes !== undefined && Number.isSafeInteger(bytes) && bytes > 0 ? bytes : undefined
}

/** A duration with its unit; stays as it was written. */
export const Duration = Schema.String.pipe(
  Schema.check(Schema.makeFilter((text) => millisOf(text) !== undefined || "is no duration")),
  Schema.annotate({ expects: `a duration with its unit, such as "25 seconds", "500 ms" or "1m 30s"` })
)

/** The same, or `"Infinity"`. */
export const DurationOrInfinity = Schema.String.pipe(
  Schema.check(Schema.makeFilter((text) => text === "Infinity" || millisOf(text) !== undefined || "is no duration")),
  Schema.annotate({ expects: `a duration with its unit, such as "25 seconds", or "Infinity"` })
)

/** A number of bytes; stays as it was written. */
export const Size = Schema.Union([Schema.Number, Schema.String]).pipe(
  Schema.check(Schema.makeFilter((size) => bytesOf(size) !== undefined || "is no size")),
  Schema.annotate({ expects: `a size above zero, such as "256 KiB", "1 MB" or a whole number of bytes` })
)
