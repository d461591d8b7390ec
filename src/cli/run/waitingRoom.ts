/**
 * Messages that wait for a sink: a bounded number of them, and of their bytes.
 */
import * as Effect from "effect/Effect"
import * as Latch from "effect/Latch"
import * as MutableList from "effect/MutableList"
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
  private readonly waiting = MutableList.make<Delivery>()
  private weight = 0
  private ended = false

  constructor(bounds: Bounds) {
    this.bounds = bounds
  }

  get size(): number {
    return this.waiting.length
  }

  /** Lets in as many as fit; returns how many did. */
  offerNow(deliveries: ReadonlyArray<Delivery>, from = 0): number {
    let taken = 0
    while (from + taken < deliveries.length && !this.isFull) {
      const delivery = deliveries[from + taken]!
      MutableList.append(this.waiting, delivery)
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
    const taken = MutableList.takeN(this.waiting, most)
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
