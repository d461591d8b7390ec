/**
 * From one burst to every subscription, and on to whoever takes.
 *
 * The messages of a burst go into one array; a subscriber that waits is woken
 * once, and every subscriber is handed the same array. No effect, no allocation
 * and no clock reading a message.
 */
import type { NonEmptyReadonlyArray } from "effect/Array"
import type * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import type { ConnectionError } from "../ConnectionError.ts"
import type { Link, Message } from "../Link.ts"
import type { Journal } from "./journal.ts"
import type { End, Subscription } from "./subscription.ts"
import { waitFor } from "./wait.ts"

/** Whose flow it is. */
export interface FanOutOwner {
  /** Messages were taken, or a reader came or went: there may be room now. */
  readonly onRoom: () => void
  /** The link whose messages come here. */
  readonly currentLink?: (() => Link | undefined) | undefined
}

export class FanOut {
  private readonly highWaterMark: number
  private readonly journal: Journal
  private readonly owner: FanOutOwner

  private burst: Array<Message> = []
  private burstBytes = 0
  /** Replaced, never changed: one may leave while the others are told. */
  private subscriptions: ReadonlyArray<Subscription> = none
  /** How many are not parked. */
  active = 0
  /** How many are parked, but taken from message by message. */
  touched = 0
  private waiting = 0
  private notified = false
  /** Bytes that wait for the slowest active subscription, the burst not counted. */
  private slowest = 0

  constructor(highWaterMark: number, journal: Journal, owner: FanOutOwner) {
    this.highWaterMark = highWaterMark
    this.journal = journal
    this.owner = owner
  }

  get hasParked(): boolean {
    return this.subscriptions.length > this.active
  }

  /** Bytes that wait for the slowest active subscription. */
  get waitingBytes(): number {
    return this.burstBytes + this.slowest
  }

  // ---------------------------------------------------------------------------
  // the burst
  // ---------------------------------------------------------------------------

  /** The burst to which the next message is added; undefined where nobody would be handed it. */
  get open(): ReadonlyArray<Message> | undefined {
    return this.subscriptions.length === 0 ? undefined : this.burst
  }

  push(message: Message, weight: number): void {
    if (this.subscriptions.length === 0) return
    this.burst.push(message)
    this.burstBytes += weight
    if (!this.notified && this.waiting > 0) this.notify()
  }

  private notify(): void {
    this.notified = true
    for (const subscription of this.subscriptions) subscription.waiters.wakeAll()
  }

  /** Hands the burst to every subscription. */
  distribute(): void {
    this.notified = false
    if (this.burst.length === 0) return
    const messages = this.burst
    const bytes = this.burstBytes
    this.burst = []
    this.burstBytes = 0
    for (const subscription of this.subscriptions) {
      subscription.append(messages, bytes)
      if (subscription.parked) {
        subscription.missBursts(this.highWaterMark)
        if (subscription.touched) this.tellMissed(subscription)
      }
      subscription.waiters.wakeAll()
    }
    this.measure()
  }

  /** Drops what waits above the mark, for each active subscription. */
  dropAboveMark(policy: "dropOldest" | "dropNewest"): void {
    this.distribute()
    for (const subscription of this.subscriptions) {
      if (subscription.parked) continue
      const { bytes, messages } = subscription.cut(this.highWaterMark, policy === "dropOldest" ? "oldest" : "newest")
      if (messages > 0) this.journal.dropped("inbound", policy, messages, bytes)
    }
    this.measure()
  }

  private measure(): void {
    let slowest = 0
    for (const subscription of this.subscriptions) {
      if (!subscription.parked && subscription.bytes > slowest) slowest = subscription.bytes
    }
    this.slowest = slowest
  }

  // ---------------------------------------------------------------------------
  // the subscriptions
  // ---------------------------------------------------------------------------

  add(subscription: Subscription): void {
    this.subscriptions = [...this.subscriptions, subscription]
    if (!subscription.parked) this.active++
    this.measure()
    this.owner.onRoom()
  }

  /** Another parked one, with the same messages. */
  fork(parked: Subscription): Subscription {
    this.distribute()
    const subscription = parked.copy()
    if (parked.end === undefined) this.subscriptions = [...this.subscriptions, subscription]
    return subscription
  }

  /** A reader came for a parked subscription. */
  activate(subscription: Subscription): void {
    if (subscription.touched) {
      subscription.touched = false
      if (subscription.end === undefined) this.touched--
    }
    subscription.parked = false
    subscription.missAbove(this.highWaterMark)
    this.tellMissed(subscription)
    if (subscription.end !== undefined) return
    this.active++
    this.measure()
    this.owner.onRoom()
  }

  /** Somebody takes single messages from a parked subscription: it is read, at a pace that never holds up the socket. */
  private touch(subscription: Subscription): void {
    if (!subscription.parked || subscription.touched) return
    subscription.touched = true
    subscription.missAbove(this.highWaterMark)
    this.tellMissed(subscription)
    if (subscription.end === undefined) this.touched++
  }

  /** Now that there is a reader, what it missed is a loss. */
  private tellMissed(subscription: Subscription): void {
    if (subscription.missed === 0) return
    this.journal.dropped("inbound", "unread", subscription.missed, subscription.missedBytes)
    subscription.missed = subscription.missedBytes = 0
  }

  /** Nothing more comes; what waits can still be read. */
  finish(subscription: Subscription, end: End): void {
    this.leave(subscription)
    subscription.end ??= end
    subscription.waiters.wakeAll()
  }

  /** All of them, or those of the session. */
  finishAll(end: End, which: "all" | "ofSession"): void {
    this.distribute()
    for (const subscription of this.subscriptions) {
      if (which === "all" || subscription.ofSession) this.finish(subscription, end)
    }
  }

  private leave(subscription: Subscription): void {
    if (!this.subscriptions.includes(subscription)) return
    this.distribute()
    this.subscriptions = this.subscriptions.filter((other) => other !== subscription)
    if (!subscription.parked) this.active--
    if (subscription.touched) this.touched--
    this.measure()
    this.owner.onRoom()
  }

  // ---------------------------------------------------------------------------
  // to the readers
  // ---------------------------------------------------------------------------

  /** The next batch, at least one message; then the subscription's end. */
  take(subscription: Subscription): Effect.Effect<NonEmptyReadonlyArray<Message>, ConnectionError | Cause.Done> {
    const next: Effect.Effect<NonEmptyReadonlyArray<Message>, ConnectionError | Cause.Done> = Effect.suspend(() => {
      this.distribute()
      const before = subscription.bytes
      const messages = subscription.takeAll()
      if (messages === undefined) return subscription.end ?? this.awaitMore(subscription, next)
      this.taken(before)
      return Effect.succeed(messages)
    })
    return next
  }

  /** The next single message; then the subscription's end. */
  takeOne(subscription: Subscription): Effect.Effect<Message, ConnectionError | Cause.Done> {
    const next: Effect.Effect<Message, ConnectionError | Cause.Done> = Effect.suspend(() => {
      this.distribute()
      this.touch(subscription)
      const before = subscription.bytes
      const message = subscription.takeOne()
      if (message === undefined) return subscription.end ?? this.awaitMore(subscription, next)
      this.taken(before)
      return Effect.succeed(message)
    })
    return next
  }

  private taken(before: number): void {
    if (before === this.slowest) this.measure()
    this.owner.onRoom()
  }

  private awaitMore<A, E>(subscription: Subscription, next: Effect.Effect<A, E>): Effect.Effect<A, E> {
    return waitFor(
      (wake) => {
        this.waiting++
        let waits = true
        const forget = subscription.waiters.add(wake)
        return () => {
          if (waits) this.waiting--
          waits = false
          forget()
        }
      },
      next,
      this.owner.currentLink?.()?.afterCallback
    )
  }
}

// One for all connections that nobody reads.
const none: ReadonlyArray<Subscription> = []
