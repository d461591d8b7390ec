/**
 * Numbers as people read them, on the page.
 */
import { age } from "../../inWords.ts"

/** An age where there is little room: of `3 min 20 s` the minutes. */
export const roughAge = (millis: number): string => age(millis).split(" ").slice(0, 2).join(" ")

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

/** The time of day; with the date where it was not today. */
export const time = (millis: number, now: number): string => {
  const then = new Date(millis)
  const clock = then.toLocaleTimeString("en-GB")
  return then.toDateString() === new Date(now).toDateString()
    ? clock
    : `${then.toLocaleDateString("en-GB", { day: "numeric", month: "short" })} ${clock}`
}
