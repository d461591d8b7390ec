/**
 * One direction of an in-memory connection: what is on its way, in order, each
 * item with the time at which it arrives.
 */
import type * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { Waiters, waitFor } from "../internal/wait.ts"

/**
 * An ordered, delayed queue with one carrier.
 *
 * **Details**
 *
 * The carrier is a fiber, so that every hop is one that TestClock can see. All
 * that has arrived is delivered in one go, synchronously, as a chunk of TCP is.
 */
export class Wire<A> {
  private readonly clock: Clock.Clock
  private items: Array<{ readonly at: bigint; readonly item: A }> = []
  private first = 0
  private delay = 0n
  private lastAt = 0n
  private isHeld = false
  private isStopped = false
  private readonly changed = new Waiters()

  constructor(clock: Clock.Clock) {
    this.clock = clock
  }

  /** Sends an item; it never overtakes an earlier one. */
  push(item: A): void {
    if (this.isStopped) return
    const at = this.now() + this.delay
    if (at > this.lastAt) this.lastAt = at
    this.items.push({ at: this.lastAt, item })
    this.changed.wakeAll()
  }

  /** In nanoseconds, whatever becomes of the wall clock. */
  private now(): bigint {
    return this.clock.monotonicTimeNanosUnsafe()
  }

  /** Delays what is pushed from now on. */
  setDelay(duration: Duration.Duration): void {
    this.delay = Duration.isFinite(duration) ? Duration.toNanosUnsafe(duration) : never
  }

  /** Delivers nothing, the rest of a chunk included, until it is released. */
  hold(): void {
    this.isHeld = true
  }

  release(): void {
    this.isHeld = false
    this.changed.wakeAll()
  }

  /** Loses what is on its way and ends the carrier. */
  stop(): void {
    this.isStopped = true
    this.items = []
    this.changed.wakeAll()
  }

  /** Delivers until stopped; `afterChunk` is told after the items that arrived together. */
  carry(deliver: (item: A) => void, afterChunk: () => void): Effect.Effect<void> {
    const step: Effect.Effect<void> = Effect.suspend(() => {
      const now = this.now()
      let delivered = false
      while (this.isReady(now)) {
        delivered = true
        deliver(this.shift())
      }
      if (delivered) afterChunk()
      if (this.isStopped) return Effect.void
      const next = this.isHeld ? undefined : this.items[this.first]
      const changed = waitFor((wake) => this.changed.add(wake), Effect.void)
      // A stop must end a long wait, or the fiber would outlive its connection.
      const waited = next === undefined
        ? changed
        : Effect.timeoutOrElse(changed, { duration: until(next.at - now), orElse: () => Effect.void })
      return Effect.flatMap(waited, () => step)
    })
    return step
  }

  private isReady(now: bigint): boolean {
    const next = this.items[this.first]
    return next !== undefined && !this.isStopped && !this.isHeld && next.at <= now
  }

  private shift(): A {
    const { item } = this.items[this.first++]!
    // Shifting the array itself would move all of it for each item of a long burst.
    if (this.first === this.items.length) {
      this.items = []
      this.first = 0
    }
    return item
  }
}

// TestClock counts in fractions of a millisecond: where it falls short of the moment by a rounding, the next sleep must
// get there, and one of a nanosecond may be none for it.
const until = (nanos: bigint): Duration.Duration => Duration.nanos(nanos > microsecond ? nanos : microsecond)

const microsecond = 1000n

/** Some centuries. */
const never = 10n ** 19n
