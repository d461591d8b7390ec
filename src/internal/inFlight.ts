/**
 * What one link took and may still hold, in order: so that it can be said how
 * much was lost with it.
 */

/** Messages and bytes that were accepted, but had not left this process. */
export interface Unflushed {
  readonly messages: number
  readonly bytes: number
}

export const nothing: Unflushed = { messages: 0, bytes: 0 }

export class InFlight {
  private sizes: Array<number> = []
  /** By how much each message made the link's buffer grow: some links count the framing, others do not. */
  private costs: Array<number> = []
  private most = 1024

  /** A message was taken, and the link held so much before and after. */
  add(size: number, before: number, after: number): void {
    if (before === 0 && this.sizes.length > 0) this.clear()
    // It went straight out.
    if (after <= before) return
    this.sizes.push(size)
    this.costs.push(after - before)
    if (this.sizes.length > this.most) this.forgetOlder(after)
  }

  /** The newest are the ones that are still there. */
  unflushed(buffered: number): Unflushed {
    const first = this.firstOf(buffered)
    const messages = this.sizes.length - first
    if (messages === 0) return nothing
    let bytes = 0
    for (let i = first; i < this.sizes.length; i++) bytes += this.sizes[i]!
    return { messages, bytes }
  }

  private clear(): void {
    this.sizes = []
    this.costs = []
    this.most = 1024
  }

  private firstOf(buffered: number): number {
    let first = this.costs.length
    for (let counted = 0; first > 0 && counted < buffered; counted += this.costs[first]!) first--
    return first
  }

  // A link that is never quite empty must not make this grow for ever.
  private forgetOlder(buffered: number): void {
    const first = this.firstOf(buffered)
    this.sizes = this.sizes.slice(first)
    this.costs = this.costs.slice(first)
    this.most = Math.max(1024, 2 * this.sizes.length)
  }
}
