/**
 * When a connection was up and when it was down, as far as it is known.
 */
import type { Ending } from "../../fleet/ConnectionReport.ts"
import type { Happening } from "../happening.ts"

/** A time in which nothing changed. */
export interface Segment {
  readonly kind: "open" | "down" | "closed" | "gaveUp"
  readonly from: number
  readonly to: number
  /** Of an open one. */
  readonly session?: number | undefined
  /** What ended an open one, where it has ended; what is wrong, of the others. */
  readonly ending?: Ending | undefined
}

/** Segments in their order, the last of which ends now; between them may be gaps of which nothing is known. */
export const segmentsOf = (happenings: ReadonlyArray<Happening>, now: number): ReadonlyArray<Segment> => {
  const segments: Array<Segment> = []
  let current: Omit<Segment, "to"> | undefined
  const end = (to: number, ending?: Ending) => {
    if (current !== undefined && to > current.from) {
      segments.push({ ...current, to, ...withEnding(ending ?? current.ending) })
    }
    current = undefined
  }
  for (const happening of happenings) {
    const { at } = happening
    switch (happening._tag) {
      case "Opened":
        current ??= { kind: "down", from: at - happening.downtime }
        end(at)
        current = { kind: "open", from: at, session: happening.session }
        break
      case "Disconnected":
        current ??= { kind: "open", from: at - happening.uptime, session: happening.session }
        end(at, happening.ending)
        current = { kind: "down", from: at, ending: happening.ending }
        break
      case "AttemptFailed":
        if (current?.kind !== "down") end(happening.first)
        current = { kind: "down", from: current?.from ?? happening.first, ending: happening.ending }
        break
      case "Closed":
        end(at)
        current = {
          kind: happening.ending === undefined ? "closed" : "gaveUp",
          from: at,
          ...withEnding(happening.ending)
        }
        break
      default:
    }
  }
  end(now)
  return segments
}

const withEnding = (ending: Ending | undefined) => (ending === undefined ? {} : { ending })

/** How much of the time that is known, from then on, it was open: 0 to 1. None where nothing is known. */
export const openShare = (segments: ReadonlyArray<Segment>, from: number): number | undefined => {
  const length = (kinds: (kind: Segment["kind"]) => boolean) =>
    segments.reduce(
      (sum, segment) => kinds(segment.kind) ? sum + Math.max(0, segment.to - Math.max(from, segment.from)) : sum,
      0
    )
  // When we closed it ourselves, it had not to be open.
  const known = length((kind) => kind !== "closed")
  return known === 0 ? undefined : length((kind) => kind === "open") / known
}

/** The share in words; 100 % only where it is the whole. */
export const percent = (share: number): string => {
  if (share === 1) return "100 %"
  const value = share * 100
  const digits = value > 99.9 ? 2 : value > 90 ? 1 : 0
  const factor = 10 ** digits
  return `${(Math.floor(value * factor) / factor).toFixed(digits)} %`
}
