/**
 * Points in time and durations, as they are told.
 */
import * as DateTime from "effect/DateTime"

/** ISO 8601. */
export const iso = (millis: number): string => DateTime.formatIso(DateTime.makeUnsafe(millis))

/** Milliseconds since the epoch; NaN where it is no time. */
export const millisOf = (iso: string): number => {
  const parsed = DateTime.make(iso)
  return parsed._tag === "Some" ? DateTime.toEpochMillis(parsed.value) : Number.NaN
}

const units = [["d", 86_400_000], ["h", 3_600_000], ["m", 60_000], ["s", 1000]] as const

/** For people, in two units at most: `350 ms`, `2.4 s`, `5m 20s`, `3d 4h`. */
export const brief = (millis: number): string => {
  const whole = Math.max(0, millis)
  if (whole < 1000) return `${Math.round(whole)} ms`
  if (whole < 60_000) return `${(Math.floor(whole / 100) / 10).toFixed(1)} s`
  const first = units.findIndex(([, size]) => whole >= size)
  const [name = "", size = 1] = units[first] ?? []
  const [smallName = "", smallSize = 1] = units[first + 1] ?? []
  const small = Math.floor((whole % size) / smallSize)
  return `${Math.floor(whole / size)}${name}${small === 0 ? "" : ` ${small}${smallName}`}`
}
