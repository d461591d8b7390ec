/**
 * Points in time, as they are told.
 */
import * as DateTime from "effect/DateTime"

/** ISO 8601. */
export const iso = (millis: number): string => DateTime.formatIso(DateTime.makeUnsafe(millis))

/** Milliseconds since the epoch; NaN where it is no time. */
export const millisOf = (iso: string): number => {
  const parsed = DateTime.make(iso)
  return parsed._tag === "Some" ? DateTime.toEpochMillis(parsed.value) : Number.NaN
}
