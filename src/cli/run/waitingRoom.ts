/**
 * Messages that wait for a sink: a bounded number of them, and of their bytes.
 */
import * as Effect from "effect/Effect"
import * as Latch from "effect/Latch"
import { type Delivery, weightOf } from "./delivery.ts"

/** How many may wait. A message is let in while both bounds are not reached yet. */
export interface Bounds {
  readonly messages: number
  readonly bytes: number
}

export class WaitingRoom {
  private readonly bounds: Bounds
  private readonly room = Latch.makeUnsafe(true)
  private readonly some = Latch.makeUnsafe(false)
  private waiting: Array<Delivery> = []
  /** Where those begin that have not been taken. */
  private next = 0
  private weight = 0
  private ended = false

  constructor(bounds: Bounds) {
    this.bounds = bounds
  }

  get size(): number {
    return this.waiting.length - this.next
  }

  /** Lets in as many as fit; returns how many did. */
  offerNow(deliveries: ReadonlyArray<Delivery>, from = 0): number {
    let taken = 0
    while (from + taken < deliveries.length && !this.isFull) {
      const delivery = deliveries[from + taken]!
      this.waiting.push(delivery)
      this.weight += weightOf(delivery)
      taken++
    }
    if (this.isFull) this.room.closeUnsafe()
    if (taken > 0) this.some.openUnsafe()
    return taken
  }

  /** Lets in all, and waits while there is no room. */
  offer(deliveries: ReadonlyArray<Delivery>, from = 0): Effect.Effect<void> {
    return Effect.suspend(() => {
      const next = from + this.offerNow(deliveries, from)
      return next >= deliveries.length || this.ended
        ? Effect.void
        : Effect.andThen(this.room.await, this.offer(deliveries, next))
    })
  }

  /** Up to `most`, as soon as there are any; none once it has ended and is empty. */
  take(most: number): Effect.Effect<ReadonlyArray<Delivery>> {
    return Effect.suspend(() => {
      if (this.size > 0 || this.ended) return Effect.sync(() => this.takeNow(most))
      return Effect.andThen(this.some.await, this.take(most))
    })
  }

  takeNow(most: number): ReadonlyArray<Delivery> {
    const taken = this.waiting.slice(this.next, this.next + most)
    this.next += taken.length
    // What was taken is let go of when it is half of what is there: so each is moved once, more or less.
    if (this.next * 2 >= this.waiting.length) {
      this.waiting = this.waiting.slice(this.next)
      this.next = 0
    }
    for (const delivery of taken) this.weight -= weightOf(delivery)
    if (!this.isFull) this.room.openUnsafe()
    if (this.size === 0 && !this.ended) this.some.closeUnsafe()
    return taken
  }

  /** Nothing is let in any more; what waits can still be taken. */
  end(): void {
    this.ended = true
    this.some.openUnsafe()
    this.room.openUnsafe()
  }

  private get isFull(): boolean {
    return this.size >= this.bounds.messages || this.weight >= this.bounds.bytes
  }
}
