// Whether what was measured over the time stayed level.
//
// A single sample depends on which fault is on at the moment. So the medians of two quarters are compared: the first
// after the warm-up, and the last.

/** What is measured each time. */
export interface Sample {
  /** Bytes after a collection. */
  readonly heap: number
  readonly rss: number
  readonly descriptors: number
  readonly fibers: number
}

const mebibyte = 2 ** 20

/** By how much the last quarter may exceed the first: a part of it, and so much more. */
const bounds: Record<keyof Sample, readonly [part: number, more: number, inWords: (value: number) => string]> = {
  heap: [0.05, mebibyte, (value) => `${(value / mebibyte).toFixed(1)} MiB`],
  rss: [0.1, 16 * mebibyte, (value) => `${(value / mebibyte).toFixed(0)} MiB`],
  descriptors: [0, 2, (value) => value.toFixed(0)],
  fibers: [0, 2, (value) => value.toFixed(0)]
}

export const median = (numbers: ReadonlyArray<number>): number => {
  const sorted = numbers.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2
}

export interface Verdict {
  readonly what: keyof Sample
  readonly flat: boolean
  /** Both medians, in words. */
  readonly text: string
}

/** A verdict on each measure; the first tenth of the samples is the warm-up. */
export const judge = (samples: ReadonlyArray<Sample>): ReadonlyArray<Verdict> => {
  const warm = samples.slice(Math.ceil(samples.length / 10))
  const quarter = Math.ceil(warm.length / 4)
  if (quarter < 2) return []
  return (Object.keys(bounds) as ReadonlyArray<keyof Sample>).map((what) => {
    const [part, more, inWords] = bounds[what]
    const first = median(warm.slice(0, quarter).map((sample) => sample[what]))
    const last = median(warm.slice(-quarter).map((sample) => sample[what]))
    return {
      what,
      flat: last <= first * (1 + part) + more,
      text: `${what} ${inWords(first)} in the first quarter, ${inWords(last)} in the last`
    }
  })
}
