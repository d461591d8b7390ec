/**
 * Numbers as people read them.
 */

/** A duration, with as much of it as matters: `350 ms`, `4.2 s`, `12 s`, `3 min 20 s`, `5 h 3 min`, `2 d 4 h`. */
export const duration = (millis: number): string => {
  const ms = Math.max(0, millis)
  if (ms < 1000) return `${Math.round(ms)} ms`
  if (ms < 9950) return `${(ms / 1000).toFixed(1)} s`
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

/** An age where there is little room: of `3 min 20 s` the minutes. */
export const roughAge = (millis: number): string => age(millis).split(" ").slice(0, 2).join(" ")

/** A round trip: `0.4 ms`, `12 ms`, `1.2 s`. */
export const roundTrip = (millis: number): string =>
  millis < 9.95 ? `${millis.toFixed(1)} ms` : millis < 1000 ? `${Math.round(millis)} ms` : duration(millis)

/** A count, with thin spaces between thousands. */
export const count = (value: number): string => String(Math.round(value)).replace(/\B(?=(\d{3})+$)/g, "\u202f")

/** Bytes: `12 B`, `3.4 KiB`, `120 MiB`. */
export const bytes = (value: number): string => {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"]
  let left = value
  let unit = 0
  while (left >= 1023.5 && unit < units.length - 1) {
    left /= 1024
    unit++
  }
  return `${unit === 0 || left >= 99.5 ? Math.round(left) : left.toFixed(1)} ${units[unit] ?? ""}`
}

/** A rate, short: `0`, `0.3`, `42`, `1.2k`. */
export const rate = (perSecond: number): string => {
  if (perSecond === 0) return "0"
  if (perSecond < 9.95) return perSecond.toFixed(1)
  if (perSecond < 999.5) return String(Math.round(perSecond))
  return perSecond < 99_950 ? `${(perSecond / 1000).toFixed(1)}k` : `${Math.round(perSecond / 1000)}k`
}

/** `1 session`, `2 sessions`. */
export const plural = (value: number, one: string, many = `${one}s`): string =>
  `${count(value)} ${value === 1 ? one : many}`

/** The time of day; with the date where it was not today. */
export const time = (millis: number, now: number): string => {
  const then = new Date(millis)
  const clock = then.toLocaleTimeString("en-GB")
  return then.toDateString() === new Date(now).toDateString()
    ? clock
    : `${then.toLocaleDateString("en-GB", { day: "numeric", month: "short" })} ${clock}`
}
