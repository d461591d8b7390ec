/**
 * How much went through a connection lately, from counters that are seen each
 * second while the page is open.
 */
import type { ConnectionReport } from "../../fleet/ConnectionReport.ts"

/** So many seconds are kept. */
export const keptSeconds = 300

const width = 5

/** Per second, in and out. */
export interface Rate {
  readonly messagesIn: number
  readonly messagesOut: number
  readonly bytesIn: number
  readonly bytesOut: number
}

/** The counters of one connection. */
export class Rates {
  private readonly ring = new Float64Array(width * (keptSeconds + 1))
  private seen = 0

  /** Takes the counters, as they were at that moment. */
  add(at: number, { received, sent }: ConnectionReport): void {
    const last = this.sample(this.seen - 1)
    // Counters that fell are those of another process.
    if (last !== undefined && (received.messages < last[1] || sent.messages < last[2])) this.seen = 0
    else if (last !== undefined && at <= last[0]) return
    this.ring.set([at, received.messages, sent.messages, received.bytes, sent.bytes], width * (this.seen % this.room))
    this.seen++
  }

  /** Each second that is known, oldest first, with the moment it ended. */
  all(): ReadonlyArray<Rate & { readonly at: number }> {
    const first = Math.max(1, this.seen - this.room + 1)
    return Array.from({ length: Math.max(0, this.seen - first) }, (_, index) => this.between(first + index))
      .filter((rate) => rate !== undefined)
  }

  /** The last second; none where only one moment is known. */
  last(): Rate | undefined {
    return this.between(this.seen - 1)
  }

  private get room(): number {
    return keptSeconds + 1
  }

  private between(index: number): (Rate & { readonly at: number }) | undefined {
    const before = this.sample(index - 1)
    const after = this.sample(index)
    if (before === undefined || after === undefined) return undefined
    const perSecond = (place: 1 | 2 | 3 | 4) =>
      Math.max(0, (after[place] - before[place]) / ((after[0] - before[0]) / 1000))
    return {
      at: after[0],
      messagesIn: perSecond(1),
      messagesOut: perSecond(2),
      bytesIn: perSecond(3),
      bytesOut: perSecond(4)
    }
  }

  private sample(index: number): readonly [number, number, number, number, number] | undefined {
    if (index < 0 || index >= this.seen || index < this.seen - this.room) return undefined
    const place = width * (index % this.room)
    const [at = 0, messagesIn = 0, messagesOut = 0, bytesIn = 0, bytesOut = 0] = this.ring.subarray(
      place,
      place + width
    )
    return [at, messagesIn, messagesOut, bytesIn, bytesOut]
  }
}
