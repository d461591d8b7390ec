/**
 * One subscriber of a key: what waits for it, within bounds, and where the gaps
 * are in it.
 */
import type { NonEmptyReadonlyArray } from "effect/Array"
import type * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { Gap, GapTicket } from "./gap.ts"
import { SubscriptionOverflow } from "./subscriptionErrors.ts"
import { Waiters, waitFor } from "./wait.ts"

/** How much may wait for one subscriber. */
export interface BufferOptions {
  /** Messages. */
  readonly capacity: number
  readonly overflow: "backpressure" | "dropOldest" | "dropNewest" | "fail"
}

/** What a subscriber asks of its owner, inside the socket's callback. */
export interface SubscriberOwner {
  /** More waits than should: hold up the socket, until there is room. */
  readonly onFull: (subscriber: AnySubscriber) => void
  readonly onRoom: (subscriber: AnySubscriber) => void
  readonly onDropped: (subscriber: AnySubscriber) => void
  /** It has failed by itself. */
  readonly onFailed: (subscriber: AnySubscriber) => void
}

// oxlint-disable-next-line typescript/no-explicit-any -- what it selects is between itself and its reader
export type AnySubscriber = Subscriber<any, any, any, any>

/** What came between two gaps. */
interface Segment<Outgoing, A> {
  /** The gap before it, until the reader was told. */
  gap: GapTicket<Outgoing> | undefined
  values: Array<A>
}

// A socket that is being paused still has a mark and a chunk of messages for us; beyond that, nothing pauses it.
const overrun = 65_536

export class Subscriber<Incoming, Outgoing, A, E> {
  readonly key: unknown
  private readonly select: (incoming: Incoming) => A | undefined
  private readonly buffer: BufferOptions
  private readonly owner: SubscriberOwner
  /** At least one, the first without a gap or with one that is still to be told. */
  private segments: Array<Segment<Outgoing, A>> = [{ gap: undefined, values: [] }]
  private size = 0
  private full = false
  private end: Effect.Effect<never, E | Cause.Done> | undefined = undefined
  private readonly waiters = new Waiters()

  constructor(
    key: unknown,
    select: (incoming: Incoming) => A | undefined,
    buffer: BufferOptions,
    owner: SubscriberOwner
  ) {
    this.key = key
    this.select = select
    this.buffer = buffer
    this.owner = owner
  }

  // ---------------------------------------------------------------------------
  // from the socket
  // ---------------------------------------------------------------------------

  offer(incoming: Incoming): void {
    if (this.end !== undefined) return
    let value: A | undefined
    try {
      value = this.select(incoming)
    } catch (defect) {
      // A bug of this subscriber's own, which is nothing to the others.
      return this.fail(Effect.die(defect))
    }
    if (value === undefined) return
    if (this.size >= this.buffer.capacity && !this.makeRoom()) return
    this.segments[this.segments.length - 1]!.values.push(value)
    this.size++
    this.waiters.wakeAll()
  }

  private makeRoom(): boolean {
    const { capacity, overflow } = this.buffer
    switch (overflow) {
      case "backpressure":
        if (this.size < capacity + overrun) {
          if (!this.full) this.owner.onFull(this)
          this.full = true
          return true
        }
        this.overflow()
        return false
      case "fail":
        this.overflow()
        return false
      case "dropNewest":
        this.owner.onDropped(this)
        return false
      case "dropOldest":
        this.dropOldest()
        this.owner.onDropped(this)
        return true
    }
  }

  private overflow(): void {
    // Its own error type says so: see `subscribe`.
    const error = new SubscriptionOverflow({ key: this.key, messages: this.size })
    this.fail(Effect.fail(error) as Effect.Effect<never, never>)
  }

  private dropOldest(): void {
    // A gap after which nothing is left counts as one with the gap behind it.
    while (this.segments[0]!.values.length === 0) this.segments.shift()
    this.segments[0]!.values.shift()
    this.size--
  }

  private fail(end: Effect.Effect<never, E | Cause.Done>): void {
    this.finish(end)
    this.owner.onFailed(this)
  }

  /** A session ended: what comes from now on is of the next one. */
  interrupted(ticket: GapTicket<Outgoing>): void {
    if (this.end !== undefined) return
    const last = this.segments[this.segments.length - 1]!
    // Nothing came since the last gap: its reader will be told of the newest.
    if (last.gap !== undefined && last.values.length === 0) last.gap = ticket
    else this.segments.push({ gap: ticket, values: [] })
    this.waiters.wakeAll()
  }

  /** Nothing more comes; what waits can still be read. */
  finish(end: Effect.Effect<never, E | Cause.Done>): void {
    if (this.end !== undefined) return
    this.end = end
    this.emptied()
    this.waiters.wakeAll()
  }

  /** The reader is gone. */
  leave(): void {
    this.segments = [{ gap: undefined, values: [] }]
    this.size = 0
    this.emptied()
  }

  private emptied(): void {
    if (!this.full) return
    this.full = false
    this.owner.onRoom(this)
  }

  // ---------------------------------------------------------------------------
  // to the reader
  // ---------------------------------------------------------------------------

  /** The next batch; before the first one after a gap, the reader's own `onGap`. */
  take<E2, R>(
    onGap: (gap: Gap<Outgoing>) => Effect.Effect<void, E2, R>
  ): Effect.Effect<NonEmptyReadonlyArray<A>, E | E2 | Cause.Done, R> {
    const next: Effect.Effect<NonEmptyReadonlyArray<A>, E | E2 | Cause.Done, R> = Effect.suspend(() => {
      const segment = this.segments[0]!
      const { gap, values } = segment
      if (gap !== undefined) {
        return Effect.flatMap(gap.awaited, (told) => {
          // Another gap has taken its place meanwhile.
          if (segment.gap !== gap) return next
          segment.gap = undefined
          return Option.isSome(told) ? Effect.andThen(onGap(told.value), next) : next
        })
      }
      if (values.length > 0) {
        if (this.segments.length > 1) this.segments.shift()
        else segment.values = []
        this.size -= values.length
        if (this.size <= this.buffer.capacity / 2) this.emptied()
        return Effect.succeed(values as unknown as NonEmptyReadonlyArray<A>)
      }
      if (this.segments.length > 1) {
        this.segments.shift()
        return next
      }
      return this.end ?? waitFor((wake) => this.waiters.add(wake), next)
    })
    return next
  }
}
