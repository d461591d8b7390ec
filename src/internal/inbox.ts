/**
 * Inbound messages: from the socket's callback to every subscriber, in batches,
 * under a watermark.
 *
 * The messages of a burst go into one array; a subscriber that waits is woken
 * once, and every subscriber is handed the same array. No effect, no allocation
 * and no clock reading a message.
 */
import type { NonEmptyReadonlyArray } from "effect/Array"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import type { ConnectionError } from "../ConnectionError.ts"
import type { Link, Message } from "../Link.ts"
import type { Journal } from "./journal.ts"
import { messageSize } from "./messageSize.ts"
import { Waiters, waitFor } from "./wait.ts"

/** What the owner of an inbox decides. */
export interface InboundOptions {
  /** Bytes; at most so much waits for the slowest subscriber. */
  readonly highWaterMark: number
  readonly overflow: "backpressure" | "dropOldest" | "dropNewest" | "fail"
  readonly unread: "keepLatest" | "discard" | "pause"
}

/** What an inbox asks of its owner, from inside the socket's callback. */
export interface InboxOwner {
  readonly journal: Journal
  readonly canPause: boolean
  /** The socket was paused or resumed by the inbox. */
  readonly onPause: () => void
  readonly onResume: () => void
  /** More is waiting than may be kept. */
  readonly onOverflow: (bytes: number) => void
  /** Messages are dropped because nobody reads: once a connection. */
  readonly onUnread: () => void
  /** A handler of `listen` threw. */
  readonly onThrown: (defect: unknown) => void
}

interface Chunk {
  readonly messages: ReadonlyArray<Message>
  start: number
  end: number
  /** Their weight. */
  bytes: number
}

// An empty message takes room too: without this, any number of them could wait below the mark.
const weightOf = (bytes: number): number => bytes === 0 ? 1 : bytes

/** How a subscription goes on when its buffer is empty. */
export type End = Effect.Effect<never, ConnectionError | Cause.Done>

/** One reader's place in the flow. */
export class Subscription {
  chunks: Array<Chunk> = []
  bytes = 0
  readonly waiters = new Waiters()
  end: End | undefined = undefined
  /** Parked: it holds what came for a reader who may come; it never pauses the socket. */
  parked: boolean
  /** Ends with the session. */
  readonly ofSession: boolean
  /** Parked, but somebody takes single messages from it. */
  touched = false
  /** Messages that were dropped while parked and not touched, for nobody to miss yet. */
  missed = 0
  missedBytes = 0

  constructor(options: { readonly parked: boolean; readonly ofSession?: boolean }) {
    this.parked = options.parked
    this.ofSession = options.ofSession === true
  }
}

// Without a way to pause, this many marks may wait before the session is ended.
const unpausableMarks = 16

interface Drop {
  readonly messages: number
  readonly bytes: number
}

export class Inbox {
  private readonly options: InboundOptions
  private readonly owner: InboxOwner
  private link: Link | undefined = undefined

  private burst: Array<Message> = []
  private burstBytes = 0
  private subscriptions: Array<Subscription> = []
  private active = 0
  private touched = 0
  private waiting = 0
  private notified = false
  /** Bytes that wait for the slowest active subscriber, the burst not counted. */
  private slowest = 0
  private listeners: Array<(message: Message) => void> = []

  private unread: Array<Message> = []
  private unreadStart = 0
  private unreadBytes = 0
  /** How many of them came in earlier sessions. */
  private unreadEarlier = 0
  private warned = false

  constructor(options: InboundOptions, owner: InboxOwner) {
    this.options = options
    this.owner = owner
  }

  // ---------------------------------------------------------------------------
  // from the socket
  // ---------------------------------------------------------------------------

  /** A new session's link, before anybody is told. */
  prepare(link: Link): void {
    if (this.link === link) return
    this.link = link
    this.unreadEarlier = this.unread.length - this.unreadStart
  }

  /** The session begins; what still waits may pause it at once. */
  attach(link: Link): void {
    this.prepare(link)
    if (this.active > 0 && this.options.overflow === "backpressure" && this.slowest > this.options.highWaterMark) {
      this.pause()
    } else if (!this.hasReader && this.options.unread === "pause" && this.unreadBytes > this.options.highWaterMark) {
      this.pause()
    }
  }

  /** The session ended: everything that arrived is handed to every subscriber's buffer, then its own are at their end. */
  detach(): void {
    this.distribute()
    this.link = undefined
    for (const subscription of this.subscriptions.slice()) {
      if (subscription.ofSession) this.finish(subscription, Cause.done())
    }
  }

  /** Whether this link's messages come here. */
  serves(link: Link): boolean {
    return this.link === link
  }

  push(message: Message, bytes: number): void {
    const journal = this.owner.journal
    journal.inboundMessages++
    journal.inboundBytes += bytes
    if (this.listeners.length > 0) this.callListeners(message)
    if (this.subscriptions.length > 0) {
      this.burst.push(message)
      this.burstBytes += weightOf(bytes)
      if (!this.notified && this.waiting > 0) this.notify()
    }
    if (this.active > 0) {
      if (this.burstBytes + this.slowest > this.options.highWaterMark) this.overflow(weightOf(bytes))
    } else if (this.listeners.length === 0) {
      this.keepUnread(message, bytes)
    }
    journal.tick()
  }

  private callListeners(message: Message): void {
    const listeners = this.listeners
    for (let i = 0; i < listeners.length; i++) {
      try {
        listeners[i]!(message)
      } catch (defect) {
        this.owner.onThrown(defect)
      }
    }
  }

  private notify(): void {
    this.notified = true
    for (const subscription of this.subscriptions) subscription.waiters.wakeAll()
  }

  private overflow(newest: number): void {
    const bytes = this.burstBytes + this.slowest
    const mark = this.options.highWaterMark
    // The mark bounds what waits: a larger message that nothing waits before is no sign of a slow reader.
    const alone = bytes === newest
    switch (this.options.overflow) {
      case "backpressure":
        if (this.owner.canPause) return this.pause()
        if (bytes > unpausableMarks * mark && !alone) this.owner.onOverflow(bytes)
        return
      case "fail":
        if (!alone) this.owner.onOverflow(bytes)
        return
      case "dropOldest":
      case "dropNewest":
        this.distribute()
        for (const subscription of this.subscriptions) {
          if (!subscription.parked) this.trim(subscription, this.options.overflow)
        }
        this.measure()
    }
  }

  private trim(subscription: Subscription, side: "dropOldest" | "dropNewest"): void {
    const { bytes, messages } = this.cut(subscription, side === "dropOldest")
    if (messages > 0) this.owner.journal.dropped("inbound", side, messages, bytes)
  }

  /** Drops down to the mark, but for the last message: however large it is, it can be read. */
  private cut(subscription: Subscription, oldest: boolean): Drop {
    const chunks = subscription.chunks
    let messages = 0
    let bytes = 0
    while (subscription.bytes > this.options.highWaterMark) {
      const chunk = oldest ? chunks[0]! : chunks[chunks.length - 1]!
      if (chunks.length === 1 && chunk.end - chunk.start === 1) break
      const size = messageSize(chunk.messages[oldest ? chunk.start++ : --chunk.end]!)
      chunk.bytes -= weightOf(size)
      subscription.bytes -= weightOf(size)
      messages++
      bytes += size
      if (chunk.start === chunk.end) {
        if (oldest) chunks.shift()
        else chunks.pop()
      }
    }
    return { messages, bytes }
  }

  private keepUnread(message: Message, bytes: number): void {
    if (this.options.unread === "discard") {
      // Who takes single messages of a session has it all the same.
      if (this.touched === 0) this.owner.journal.dropped("inbound", "discard", 1, bytes)
      return
    }
    this.unread.push(message)
    this.unreadBytes += weightOf(bytes)
    if (this.unreadBytes <= this.options.highWaterMark) return
    if (this.options.unread === "pause" && this.owner.canPause) return this.pause()
    let dropped = 0
    let droppedBytes = 0
    // The newest is kept, however large it is.
    while (this.unreadBytes > this.options.highWaterMark && this.unreadStart < this.unread.length - 1) {
      const size = messageSize(this.unread[this.unreadStart]!)
      this.unread[this.unreadStart++] = ""
      if (this.unreadEarlier > 0) this.unreadEarlier--
      this.unreadBytes -= weightOf(size)
      dropped++
      droppedBytes += size
    }
    // Compacted now and then, so that each message is moved at most once on average.
    if (this.unreadStart > 1024 && this.unreadStart > this.unread.length / 2) {
      this.unread = this.unread.slice(this.unreadStart)
      this.unreadStart = 0
    }
    if (dropped === 0 || this.touched > 0) return
    this.owner.journal.dropped("inbound", "unread", dropped, droppedBytes)
    if (!this.warned) {
      this.warned = true
      this.owner.onUnread()
    }
  }

  // ---------------------------------------------------------------------------
  // pausing
  // ---------------------------------------------------------------------------

  private pause(): void {
    const link = this.link
    if (link === undefined || link.paused()) return
    link.pause()
    if (link.paused()) this.owner.onPause()
  }

  private resumeIfRoom(): void {
    const link = this.link
    if (link === undefined || !link.paused()) return
    const low = this.options.highWaterMark / 2
    const waiting = this.hasReader
      ? this.burstBytes + this.slowest
      : this.options.unread === "pause"
      ? this.unreadBytes
      : 0
    if (waiting > low) return
    link.resume()
    this.owner.onResume()
  }

  private get hasReader(): boolean {
    return this.active > 0 || this.listeners.length > 0
  }

  /** Bytes that wait for the slowest reader. */
  get waitingBytes(): number {
    return this.active > 0 ? this.burstBytes + this.slowest : this.unreadBytes
  }

  // ---------------------------------------------------------------------------
  // to the readers
  // ---------------------------------------------------------------------------

  /** Hands the burst to every subscriber's buffer. */
  distribute(): void {
    this.notified = false
    if (this.burst.length === 0) return
    const messages = this.burst
    const bytes = this.burstBytes
    this.burst = []
    this.burstBytes = 0
    for (const subscription of this.subscriptions) {
      subscription.chunks.push({ messages, start: 0, end: messages.length, bytes })
      subscription.bytes += bytes
      if (subscription.parked) this.trimParked(subscription)
      subscription.waiters.wakeAll()
    }
    this.measure()
  }

  // Whole bursts, so that a reader who never comes costs next to nothing.
  private trimParked(subscription: Subscription): void {
    while (
      subscription.chunks.length > 1 &&
      subscription.bytes - subscription.chunks[0]!.bytes >= this.options.highWaterMark
    ) {
      const chunk = subscription.chunks.shift()!
      subscription.bytes -= chunk.bytes
      this.miss(subscription, { messages: chunk.end - chunk.start, bytes: chunk.bytes })
    }
  }

  private miss(subscription: Subscription, { bytes, messages }: Drop): void {
    subscription.missed += messages
    subscription.missedBytes += bytes
    if (!subscription.parked || subscription.touched) this.tellMissed(subscription)
  }

  /** Now that there is a reader, what it missed is a loss. */
  private tellMissed(subscription: Subscription): void {
    if (subscription.missed === 0) return
    this.owner.journal.dropped("inbound", "unread", subscription.missed, subscription.missedBytes)
    subscription.missed = subscription.missedBytes = 0
  }

  private measure(): void {
    let slowest = 0
    for (const subscription of this.subscriptions) {
      if (!subscription.parked && subscription.bytes > slowest) slowest = subscription.bytes
    }
    this.slowest = slowest
  }

  /** A subscription from now on. The first active one after a time without readers also gets what was kept. */
  subscribe(options: { readonly parked: boolean; readonly ofSession?: boolean }): Subscription {
    this.distribute()
    const subscription = new Subscription(options)
    if (options.parked) {
      // What this session left unread; it stays there for the first reader of the connection.
      const kept = this.unread.slice(this.unreadStart + this.unreadEarlier)
      this.give(subscription, kept, kept.reduce((bytes, message) => bytes + weightOf(messageSize(message)), 0))
    } else if (!this.hasReader) {
      if (subscription.ofSession) this.dropUnread(this.unread.length)
      else this.giveUnread(subscription)
    }
    this.subscriptions.push(subscription)
    if (!options.parked) this.active++
    this.measure()
    this.resumeIfRoom()
    return subscription
  }

  /** Another parked one, with the same messages. */
  fork(parked: Subscription): Subscription {
    this.distribute()
    const subscription = new Subscription({ parked: true, ofSession: parked.ofSession })
    subscription.chunks = parked.chunks.map((chunk) => ({ ...chunk }))
    subscription.bytes = parked.bytes
    subscription.missed = parked.missed
    subscription.missedBytes = parked.missedBytes
    subscription.end = parked.end
    if (parked.end === undefined) this.subscriptions.push(subscription)
    return subscription
  }

  /** A reader came for a parked subscription. */
  activate(subscription: Subscription): void {
    if (!subscription.parked) return
    this.distribute()
    const attached = subscription.end === undefined
    if (attached && !this.hasReader) this.dropUnread(this.unreadStart + this.unreadEarlier)
    this.untouch(subscription)
    subscription.parked = false
    this.miss(subscription, this.cut(subscription, true))
    if (!attached) return
    this.active++
    this.measure()
    this.resumeIfRoom()
  }

  /** Somebody takes single messages from a parked subscription: it is read, at a pace that never holds up the socket. */
  private touch(subscription: Subscription): void {
    if (!subscription.parked || subscription.touched) return
    subscription.touched = true
    this.miss(subscription, this.cut(subscription, true))
    if (subscription.end === undefined) this.touched++
  }

  private untouch(subscription: Subscription): void {
    if (!subscription.touched) return
    subscription.touched = false
    if (subscription.end === undefined) this.touched--
  }

  /** The reader is gone; what waits for it is forgotten. */
  unsubscribe(subscription: Subscription): void {
    this.finish(subscription, Cause.done())
    subscription.chunks = []
    subscription.bytes = 0
  }

  /** Nothing more comes; what waits can still be read. */
  finish(subscription: Subscription, end: End): void {
    this.leave(subscription)
    subscription.end ??= end
    subscription.waiters.wakeAll()
  }

  /** The connection is closed: every subscription ends. */
  finishAll(end: End): void {
    this.distribute()
    for (const subscription of this.subscriptions.slice()) this.finish(subscription, end)
  }

  private leave(subscription: Subscription): void {
    const index = this.subscriptions.indexOf(subscription)
    if (index < 0) return
    this.distribute()
    this.subscriptions.splice(index, 1)
    if (!subscription.parked) this.active--
    if (subscription.touched) this.touched--
    this.measure()
    this.resumeIfRoom()
  }

  /** Calls the handler inside the socket's callback, from now on and with what was kept; the result stops it. */
  listen(handler: (message: Message) => void): () => void {
    this.distribute()
    const kept = this.hasReader ? [] : this.unread.slice(this.unreadStart)
    if (!this.hasReader) this.forgetUnread()
    // A copy each time: a handler may come or go while the others are called.
    this.listeners = [...this.listeners, handler]
    for (const message of kept) {
      try {
        handler(message)
      } catch (defect) {
        this.owner.onThrown(defect)
      }
    }
    this.resumeIfRoom()
    let listens = true
    return () => {
      if (!listens) return
      listens = false
      const index = this.listeners.indexOf(handler)
      this.listeners = this.listeners.filter((_, i) => i !== index)
      this.resumeIfRoom()
    }
  }

  private giveUnread(subscription: Subscription): void {
    this.give(
      subscription,
      this.unreadStart === 0 ? this.unread : this.unread.slice(this.unreadStart),
      this.unreadBytes
    )
    this.forgetUnread()
  }

  private give(subscription: Subscription, messages: ReadonlyArray<Message>, bytes: number): void {
    if (messages.length === 0) return
    subscription.chunks.push({ messages, start: 0, end: messages.length, bytes })
    subscription.bytes += bytes
  }

  /** A session's reader came: nobody will be given what was kept, and what it does not hold itself is a loss. */
  private dropUnread(end: number): void {
    const dropped = this.unread.slice(this.unreadStart, end)
    const bytes = dropped.reduce((sum, message) => sum + messageSize(message), 0)
    if (dropped.length > 0) this.owner.journal.dropped("inbound", "unread", dropped.length, bytes)
    this.forgetUnread()
  }

  private forgetUnread(): void {
    this.unread = []
    this.unreadStart = 0
    this.unreadBytes = 0
    this.unreadEarlier = 0
  }

  /** The next batch, at least one message; then the subscription's end. */
  take(subscription: Subscription): Effect.Effect<NonEmptyReadonlyArray<Message>, ConnectionError | Cause.Done> {
    const next: Effect.Effect<NonEmptyReadonlyArray<Message>, ConnectionError | Cause.Done> = Effect.suspend(() => {
      this.distribute()
      if (subscription.chunks.length > 0) {
        const messages = messagesOf(subscription.chunks)
        subscription.chunks = []
        this.taken(subscription, subscription.bytes)
        return Effect.succeed(messages as unknown as NonEmptyReadonlyArray<Message>)
      }
      return subscription.end ?? this.awaitMore(subscription, next)
    })
    return next
  }

  /** The next single message; then the subscription's end. */
  takeOne(subscription: Subscription): Effect.Effect<Message, ConnectionError | Cause.Done> {
    const next: Effect.Effect<Message, ConnectionError | Cause.Done> = Effect.suspend(() => {
      this.distribute()
      this.touch(subscription)
      const chunk = subscription.chunks[0]
      if (chunk !== undefined) {
        const message = chunk.messages[chunk.start++]!
        const size = chunk.start === chunk.end ? chunk.bytes : weightOf(messageSize(message))
        chunk.bytes -= size
        if (chunk.start === chunk.end) subscription.chunks.shift()
        this.taken(subscription, size)
        return Effect.succeed(message)
      }
      return subscription.end ?? this.awaitMore(subscription, next)
    })
    return next
  }

  private taken(subscription: Subscription, bytes: number): void {
    const before = subscription.bytes
    subscription.bytes -= bytes
    if (before === this.slowest) this.measure()
    this.resumeIfRoom()
  }

  private awaitMore<A, E>(subscription: Subscription, next: Effect.Effect<A, E>): Effect.Effect<A, E> {
    return waitFor((wake) => {
      this.waiting++
      let waits = true
      const forget = subscription.waiters.add(wake)
      return () => {
        if (waits) this.waiting--
        waits = false
        forget()
      }
    }, next)
  }
}

// The array of the burst itself where one waits; a reader that is slow gets all that waits at once.
const messagesOf = (chunks: ReadonlyArray<Chunk>): ReadonlyArray<Message> => {
  const first = chunks[0]!
  if (chunks.length === 1 && first.start === 0 && first.end === first.messages.length) return first.messages
  return chunks.flatMap((chunk) => chunk.messages.slice(chunk.start, chunk.end))
}
