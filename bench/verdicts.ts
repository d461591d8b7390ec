// From the samples of all rounds to medians, ratios, and whether a goal is met.
import type { Goal, Sample, Workload } from "./types.ts"

/** A median with its spread. */
export interface Spread {
  readonly median: number
  readonly min: number
  readonly max: number
}

export const spreadOf = (numbers: ReadonlyArray<number>): Spread => {
  const sorted = numbers.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  const median = sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2
  return { median, min: sorted[0]!, max: sorted[sorted.length - 1]! }
}

/** One round: a sample of each contender; undefined where it failed. */
export type Round = Readonly<Record<string, Sample | undefined>>

export interface Measured {
  readonly workload: Workload
  readonly rounds: ReadonlyArray<Round>
  /** What went wrong, a sentence each. */
  readonly failures: ReadonlyArray<string>
}

export const valueOf = ({ rounds }: Measured, contender: string, metric: string): Spread | undefined => {
  const numbers = rounds.flatMap((round) => round[contender]?.[metric] ?? [])
  return numbers.length === 0 ? undefined : spreadOf(numbers)
}

/** The ratio to the baseline, of each round by itself. */
export const ratioOf = ({ rounds, workload }: Measured, contender: string, metric: string): Spread | undefined => {
  const { baseline } = workload
  if (baseline === undefined || workload.metrics[metric]?.ratio !== true) return undefined
  const numbers = rounds.flatMap((round) => {
    const ours = round[contender]?.[metric]
    const theirs = round[baseline]?.[metric]
    return ours === undefined || theirs === undefined ? [] : ours / theirs
  })
  return numbers.length === 0 ? undefined : spreadOf(numbers)
}

export interface Verdict {
  readonly contender: string
  readonly goal: string
  readonly reached: string
  readonly met: boolean
}

export const verdictsOf = (measured: Measured): ReadonlyArray<Verdict> => [
  ...measured.workload.goals.map((goal) => judge(measured, goal)),
  ...rank(measured)
]

const judge = (measured: Measured, goal: Goal): Verdict => {
  const { baseline, metrics } = measured.workload
  const metric = metrics[goal.metric]!
  const spread = (goal.of === "ratio" ? ratioOf : valueOf)(measured, goal.contender, goal.metric)
  const beside = baseline === undefined ? undefined : valueOf(measured, baseline, goal.metric)
  const atMost = typeof goal.atMost === "function" ? goal.atMost(beside?.median ?? NaN) : goal.atMost
  const unit = goal.of === "ratio" ? "" : ` ${metric.unit}`
  return {
    contender: goal.contender,
    goal: goal.says ?? `${metric.title} ${atMost === undefined ? `≥ ${goal.atLeast}` : `≤ ${atMost}`}${unit}`,
    reached: spread === undefined ? "nothing" : `${digits(spread.median)}${unit}`,
    met: spread !== undefined && spread.median <= (atMost ?? Infinity) && spread.median >= (goal.atLeast ?? -Infinity)
  }
}

/** Ahead of every peer: of every contender but ours and the baseline. */
const rank = (measured: Measured): ReadonlyArray<Verdict> => {
  const { ahead, baseline, contenders, metrics } = measured.workload
  if (ahead === undefined) return []
  const metric = metrics[ahead.metric]!
  const compare = metric.ratio ? ratioOf : valueOf
  const peers = contenders.filter((name) => name !== baseline && !ahead.ours.includes(name)).flatMap((name) => {
    const spread = compare(measured, name, ahead.metric)
    return spread === undefined ? [] : [{ name, median: spread.median }]
  }).toSorted((a, b) => metric.better === "lower" ? a.median - b.median : b.median - a.median)
  const best = peers[0]
  if (best === undefined) return []
  return ahead.ours.map((contender) => {
    const ours = compare(measured, contender, ahead.metric)
    return {
      contender,
      goal: `${metric.title} ahead of every peer`,
      reached: `${ours === undefined ? "nothing" : digits(ours.median)}, ${best.name} ${digits(best.median)}`,
      met: ours !== undefined && (metric.better === "lower" ? ours.median < best.median : ours.median > best.median)
    }
  })
}

/** Three digits that count, none of them for nothing. */
export const digits = (number: number): string => {
  const size = Math.abs(number)
  return number.toFixed(size >= 100 ? 0 : size >= 10 ? 1 : 2)
}
