/**
 * How long silence is survived: which silences to try, what the outcomes say, and
 * the heartbeat that follows. Pure; all times in milliseconds.
 */

/** What became of one link that was left alone. */
export interface Outcome {
  /** How long it was to be silent. */
  readonly silence: number
  readonly fate:
    /** A ping after the silence was answered. */
    | { readonly _tag: "Survived" }
    /** Somebody said so, after this long. */
    | {
      readonly _tag: "Cut"
      readonly after: number
      readonly how: "end" | "reset" | "close"
      readonly code?: number | undefined
    }
    /** Nobody said anything, and the ping was not answered. */
    | { readonly _tag: "Dead" }
}

/** What is known of the limit. */
export interface Bounds {
  /** The longest silence that was survived. */
  readonly survived: number
  /** The shortest that was not; undefined where all were. */
  readonly fatal: number | undefined
}

/** The first silences: the longest, half of it, a quarter… for the whole range is searched. */
export const firstSilences = (longest: number, links: number): ReadonlyArray<number> =>
  Array.from({ length: links }, (_, index) => longest / 2 ** index).toSorted((a, b) => a - b)

/** Silences between the bounds, evenly. */
export const nextSilences = ({ fatal, survived }: Bounds, links: number): ReadonlyArray<number> =>
  fatal === undefined
    ? []
    : Array.from({ length: links }, (_, index) => survived + (fatal - survived) * (index + 1) / (links + 1))

/** What all outcomes so far say together. Who cuts in plain sight has told the limit itself. */
export const boundsOf = (outcomes: ReadonlyArray<Outcome>): Bounds => {
  const cuts = outcomes.flatMap(({ fate }) => fate._tag === "Cut" ? [fate.after] : [])
  const deaths = outcomes.flatMap(({ fate, silence }) => fate._tag === "Dead" ? [silence] : [])
  const fatal = Math.min(...cuts, ...deaths)
  const survived = outcomes.flatMap(({ fate, silence }) => fate._tag === "Survived" && silence < fatal ? [silence] : [])
  return {
    survived: cuts.includes(fatal) ? fatal : Math.max(0, ...survived),
    fatal: Number.isFinite(fatal) ? fatal : undefined
  }
}

/** Whether the bounds are close enough to choose a heartbeat by. */
export const isSettled = ({ fatal, survived }: Bounds): boolean =>
  fatal === undefined || fatal - survived <= 0.1 * fatal

/** The library's own interval, which no limit is known to need shortened. */
const usual = 25_000

/**
 * The interval of a heartbeat: less than half of what is safe, so that one ping
 * may come late or be lost; a round number.
 */
export const heartbeatFor = ({ fatal, survived }: Bounds): number => {
  if (fatal === undefined) return usual
  const wanted = 0.45 * survived
  const unit = wanted >= 10_000 ? 5000 : wanted >= 1000 ? 1000 : wanted >= 100 ? 100 : 10
  return Math.min(usual, Math.max(unit, Math.floor(wanted / unit) * unit))
}
