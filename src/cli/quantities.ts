/**
 * How durations and sizes are written on the command line.
 */
import * as Flag from "effect/cli/Flag"
import * as Duration from "effect/Duration"
import * as Option from "effect/Option"

const units: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  min: 60_000,
  h: 3_600_000,
  d: 86_400_000
}

/**
 * `250ms`, `30s`, `5m`, `2h`, `1d`, `10 seconds`; a number alone is seconds, as
 * for `sleep` and `curl`; `forever` is without a limit, and so is -1.
 */
export const parseDuration = (text: string): Option.Option<Duration.Duration> => {
  const trimmed = text.trim()
  if (trimmed === "forever" || trimmed === "-1") return Option.some(Duration.infinity)
  const [, number, unit] = /^(\d+(?:\.\d+)?|\.\d+)(ms|s|m|min|h|d)?$/.exec(trimmed) ?? []
  if (number !== undefined) return Option.some(Duration.millis(Number(number) * (units[unit ?? "s"] ?? 1000)))
  return Option.filter(
    Duration.fromInput(trimmed as Duration.Input),
    (duration) => !Duration.isNegative(duration)
  )
}

const scales: Readonly<Record<string, number>> = { "": 1, k: 2 ** 10, m: 2 ** 20, g: 2 ** 30 }

/** Bytes: `65536`, `64KiB`, `64k`, `16MiB`, `1G`. */
export const parseSize = (text: string): Option.Option<number> => {
  const [, number, scale] = /^(\d+(?:\.\d+)?)\s*([kmg]?)(?:i?b)?$/i.exec(text.trim()) ?? []
  if (number === undefined) return Option.none()
  const bytes = Number(number) * (scales[(scale ?? "").toLowerCase()] ?? 1)
  return Number.isInteger(bytes) ? Option.some(bytes) : Option.none()
}

/** A flag that is a duration. */
export const durationFlag = (name: string): Flag.Flag<Duration.Duration> =>
  Flag.String(name).pipe(
    Flag.withMetavar("duration"),
    Flag.filterMap(parseDuration, (text) => `--${name} must be a duration such as 250ms, 30s or 5m; got "${text}"`)
  )

/** A flag that is a number of bytes. */
export const sizeFlag = (name: string): Flag.Flag<number> =>
  Flag.String(name).pipe(
    Flag.withMetavar("bytes"),
    Flag.filterMap(parseSize, (text) => `--${name} must be a number of bytes such as 65536 or 64KiB; got "${text}"`)
  )
