// What an outage looked like to the server, in numbers.
import { type Outage, restart } from "./outage.ts"

/** In seconds. */
const bin = 0.25

export interface Figures {
  readonly dials: number
  /** Dials a second in the fullest quarter of a second. */
  readonly peak: number
  /** What the peak would be if the same dials were spread evenly until the last client is back. */
  readonly ideal: number
  /** Of everybody's first dials: the fullest quarter of a second of the first five seconds, beside their mean. */
  readonly firstPeak: number
  /** The peak once the server is open again. */
  readonly openPeak: number
  /** Seconds after the server is open again until half of the clients, and all of them, are back. */
  readonly half: number
  readonly all: number
}

/** Dials a second, one number a quarter of a second. */
export const rates = (dials: ReadonlyArray<number>, from: number, to: number): Array<number> => {
  const bins = Array.from({ length: Math.ceil((to - from) / bin) }, () => 0)
  for (const at of dials) {
    // What comes at the same moment as the loss is in the first bin.
    if (at >= from && at < to) bins[Math.floor((at - from) / bin)]! += 1 / bin
  }
  return bins
}

export const figuresOf = ({ clients, dials, first: firsts }: Outage): Figures => {
  const after = dials.filter((at) => at >= restart.open).toSorted((a, b) => a - b)
  const last = after.at(-1) ?? Number.NaN
  const all = rates(dials, 0, last + bin)
  const first = rates(firsts, 0, 5)
  return {
    dials: dials.length,
    peak: Math.max(...all),
    ideal: dials.length / last,
    firstPeak: Math.max(...first) / (first.reduce((sum, rate) => sum + rate, 0) / first.length),
    openPeak: Math.max(...rates(dials, restart.open, last + bin)),
    half: (after[Math.floor(clients / 2) - 1] ?? Number.NaN) - restart.open,
    all: last - restart.open
  }
}
