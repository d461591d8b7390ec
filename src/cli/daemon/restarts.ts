/**
 * How often, and how soon, a worker that crashed is started again.
 */

/** Limits of restarting. Durations are milliseconds. */
export interface RestartLimits {
  /** So many restarts `within` are the limit. */
  readonly limit: number
  readonly within: number
  /** Before the first restart; doubled for each that follows soon. */
  readonly first: number
  /** The longest pause. */
  readonly cap: number
}

/** Five restarts in a minute. */
export const defaultLimits: RestartLimits = { limit: 5, within: 60_000, first: 500, cap: 30_000 }

/** Counts crashes. */
export class Restarts {
  /** How often it was started again. */
  count = 0
  private readonly limits: RestartLimits
  private recent: Array<number> = []
  private pause: number

  constructor(limits: RestartLimits) {
    this.limits = limits
    this.pause = limits.first
  }

  /** How long to wait before the next start, or nothing where the limit is reached. `lasted` is how long it had run. */
  crashed(now: number, lasted: number): number | undefined {
    const { cap, first, limit, within } = this.limits
    this.recent = this.recent.filter((at) => now - at < within)
    if (this.recent.length >= limit) return undefined
    this.recent.push(now)
    this.count++
    if (lasted >= within) this.pause = first
    const pause = Math.min(cap, this.pause)
    this.pause = Math.min(cap, this.pause * 2)
    return pause
  }
}
