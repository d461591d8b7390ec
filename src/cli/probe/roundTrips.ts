/**
 * Round trips in figures.
 */

export interface RoundTrips {
  readonly min: number
  readonly median: number
  readonly p99: number
  readonly max: number
}

/** By nearest rank; of nothing it is all NaN. */
export const roundTrips = (times: ReadonlyArray<number>): RoundTrips => {
  const sorted = times.toSorted((a, b) => a - b)
  const rank = (share: number): number => sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? NaN
  return { min: rank(0), median: rank(0.5), p99: rank(0.99), max: rank(1) }
}
