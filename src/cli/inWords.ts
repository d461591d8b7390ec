/**
 * Durations and counts as people read them. The page uses it, too: nothing of Node.
 */

/** A duration, with as much of it as matters: `350 ms`, `4.2 s`, `12 s`, `3 min 20 s`, `5 h 3 min`, `2 d 4 h`. */
export const duration = (millis: number): string => {
  if (millis === Infinity) return "ever"
  const ms = Math.max(0, millis)
  if (ms < 1000) return `${Math.round(ms)} ms`
  if (ms < 9950) return `${Number((ms / 1000).toFixed(1))} s`
  const seconds = Math.round(ms / 1000)
  if (seconds < 60) return `${seconds} s`
  if (seconds < 3600) return two(Math.floor(seconds / 60), "min", seconds % 60, "s")
  const minutes = Math.round(seconds / 60)
  if (minutes < 24 * 60) return two(Math.floor(minutes / 60), "h", minutes % 60, "min")
  const hours = Math.round(minutes / 60)
  return two(Math.floor(hours / 24), "d", hours % 24, "h")
}

const two = (large: number, unit: string, small: number, smallUnit: string): string =>
  small === 0 ? `${large} ${unit}` : `${large} ${unit} ${small} ${smallUnit}`

/** An age or a countdown, in whole seconds: what changes each second should not flicker. */
export const age = (millis: number | undefined): string =>
  millis === undefined ? "–" : millis < 9950 ? `${Math.max(0, Math.floor(millis / 1000))} s` : duration(millis)

/** A round trip: `0.4 ms`, `12 ms`, `1.2 s`. */
export const roundTrip = (millis: number): string =>
  millis < 9.95 ? `${millis.toFixed(1)} ms` : millis < 1000 ? `${Math.round(millis)} ms` : duration(millis)

/** `1 session`, `2 sessions`. */
export const plural = (value: number, one: string, many = `${one}s`): string => `${value} ${value === 1 ? one : many}`
