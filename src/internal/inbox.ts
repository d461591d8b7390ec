/**
 * Inbound messages: from the socket's callback to everybody who reads, under a
 * watermark; and what becomes of them while nobody does.
 */
import type { NonEmptyReadonlyArray } from "effect/Array"
import * as Cause from "effect/Cause"
import type * as Effect from "effect/Effect"
import type { ConnectionError } from "../ConnectionError.ts"
import type { Link, Message } from "../Link.ts"
import { handedOver } from "./bursts.ts"
import { FanOut, type FanOutOwner } from "./fanOut.ts"
import type { Journal } from "./journal.ts"
import { type Listener, Listeners, type ListenersOwner } from "./listeners.ts"
import { messageSize, weightOf } from "./messageSize.ts"
import { type End, Subscription, type SubscriptionOptions } from "./subscription.ts"
import { Unread } from "./unread.ts"

/** What the owner of an inbox decides. */
export interface InboundOptions {
  /** Bytes; at most so much waits for the slowest subscriber. */
  readonly highWaterMark: number
  readonly overflow: "backpressure" | "dropOldest" | "dropNewest" | "fail"
  readonly unread: "keepLatest" | "discard" | "pause"
}

/** What an inbox asks of its owner, from inside the socket's callback. */
export interface InboxOwner extends ListenersOwner {
  readonly journal: Journal
  readonly canPause: boolean
  /** The socket was paused or resumed by the inbox. */
  readonly onPause: () => void
  readonly onResume: () => void
  /** More is waiting than may be kept. */
  readonly onOverflow: (bytes: number) => void
  /** Messages are dropped because nobody reads: once a connection. */
  readonly onUnread: () => void
}

// Without a way to pause, this many marks may wait before the session is ended.
const unpausableMarks = 16

export class Inbox implements FanOutOwner {
  private readonly options: InboundOptions
  private readonly owner: InboxOwner
  private readonly fanOut: FanOut
  private link: Link | undefined = undefined
  /** Undefined until the first one comes. */
  private listeners: Listeners | undefined = undefined
  /** Undefined while nothing is kept. */
  private unread: Unread | undefined = undefined
  private warned = false

  constructor(options: InboundOptions, owner: InboxOwner) {
    this.options = options
    this.owner = owner
    this.fanOut = new FanOut(options.highWaterMark, owner.journal, this)
  }

  // ---------------------------------------------------------------------------
  // from the socket
  // ---------------------------------------------------------------------------

  currentLink(): Link | undefined {
    return this.link
  }

  /** A new session's link, before anybody is told. */
  prepare(link: Link): void {
    if (this.link === link) return
    this.link = link
    this.unread?.newSession()
  }

  /** The session begins; what still waits may pause it at once. */
  attach(link: Link): void {
    this.prepare(link)
    const mark = this.options.highWaterMark
    if (this.fanOut.active > 0) {
      if (this.options.overflow === "backpressure" && this.fanOut.waitingBytes > mark) this.pause()
    } else if (!this.hasReader && this.options.unread === "pause" && this.waitingBytes > mark) {
      this.pause()
    }
  }

  /** The session ended: everything that arrived is handed to every subscriber's buffer, then its own are at their end. */
  detach(): void {
    this.fanOut.distribute()
    this.link = undefined
    handedOver.messages = undefined
    this.fanOut.finishAll(Cause.done(), "ofSession")
  }

  /** Whether this link's messages come here. */
  serves(link: Link): boolean {
    return this.link === link
  }

  push(message: Message, bytes: number): void {
    const { fanOut, owner: { journal } } = this
    const weight = weightOf(bytes)
    journal.inboundMessages++
    journal.inboundBytes += bytes
    if (this.listeners !== undefined) {
      handedOver.messages = fanOut.open
      handedOver.index = handedOver.messages?.length ?? 0
      this.listeners.call(message)
      handedOver.messages = undefined
    }
    fanOut.push(message, weight)
    if (fanOut.active > 0) {
      if (fanOut.waitingBytes > this.options.highWaterMark) this.overflow(weight)
    } else if (!this.hasListener) {
      this.keepUnread(message, bytes)
    }
    journal.tick()
  }

  private overflow(newest: number): void {
    const bytes = this.fanOut.waitingBytes
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
        return this.fanOut.dropAboveMark(this.options.overflow)
    }
  }

  private keepUnread(message: Message, bytes: number): void {
    // Who takes single messages of a session has it all the same.
    const isTaken = this.fanOut.touched > 0
    if (this.options.unread === "discard") {
      if (!isTaken) this.owner.journal.dropped("inbound", "discard", 1, bytes)
      return
    }
    const mark = this.options.highWaterMark
    const unread = this.unread ??= new Unread()
    unread.keep(message, bytes)
    if (unread.bytes <= mark) return
    if (this.options.unread === "pause" && this.owner.canPause) return this.pause()
    let dropped = 0
    let droppedBytes = 0
    // The newest is kept, however large it is.
    while (unread.bytes > mark && unread.length > 1) {
      droppedBytes += unread.dropOldest()
      dropped++
    }
    if (dropped === 0 || isTaken) return
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

  onRoom(): void {
    const link = this.link
    if (link === undefined || !link.paused()) return
    const waiting = this.hasReader
      ? this.fanOut.waitingBytes
      : this.options.unread === "pause"
      ? this.waitingBytes
      : 0
    if (waiting > this.options.highWaterMark / 2) return
    link.resume()
    this.owner.onResume()
  }

  private get hasReader(): boolean {
    return this.fanOut.active > 0 || this.hasListener
  }

  private get hasListener(): boolean {
    return this.listeners !== undefined && this.listeners.size > 0
  }

  /** Bytes that wait for the slowest reader. */
  get waitingBytes(): number {
    return this.fanOut.active > 0 ? this.fanOut.waitingBytes : this.unread === undefined ? 0 : this.unread.bytes
  }

  // ---------------------------------------------------------------------------
  // to the readers
  // ---------------------------------------------------------------------------

  /** A burst is over: what is held for readers who may come is kept within its bounds. Others take it themselves. */
  endBurst(): void {
    if (this.fanOut.hasParked) this.fanOut.distribute()
  }

  /** A subscription from now on. The first active one after a time without readers also gets what was kept. */
  subscribe(options: SubscriptionOptions): Subscription {
    this.fanOut.distribute()
    const subscription = new Subscription(options)
    if (this.unread !== undefined) {
      // What this session left unread stays there for the first reader of the connection.
      if (options.parked) give(subscription, this.unread.ofThisSession)
      else if (!this.hasReader) {
        if (subscription.ofSession) this.lose(this.unread.all)
        else subscription.append(this.unread.all, this.unread.bytes)
        this.unread = undefined
      }
    }
    this.fanOut.add(subscription)
    return subscription
  }

  /** Another parked one, with the same messages. */
  fork(parked: Subscription): Subscription {
    return this.fanOut.fork(parked)
  }

  /** A reader came for a parked subscription. */
  activate(subscription: Subscription): void {
    if (!subscription.parked) return
    this.fanOut.distribute()
    if (subscription.end === undefined && !this.hasReader && this.unread !== undefined) {
      // What came in this session it holds itself.
      this.lose(this.unread.ofEarlierSessions)
      this.unread = undefined
    }
    this.fanOut.activate(subscription)
  }

  /** A session's reader came: nobody will be given these. */
  private lose(messages: ReadonlyArray<Message>): void {
    if (messages.length === 0) return
    const bytes = messages.reduce((sum, message) => sum + messageSize(message), 0)
    this.owner.journal.dropped("inbound", "unread", messages.length, bytes)
  }

  /** The reader is gone; what waits for it is forgotten. */
  unsubscribe(subscription: Subscription): void {
    this.fanOut.finish(subscription, Cause.done())
    subscription.clear()
  }

  /** Nothing more comes; what waits can still be read. */
  finish(subscription: Subscription, end: End): void {
    this.fanOut.finish(subscription, end)
  }

  /** The connection is closed: every subscription ends. */
  finishAll(end: End): void {
    this.fanOut.finishAll(end, "all")
  }

  /** Calls the handler inside the socket's callback, from now on and with what was kept; the result stops it. */
  listen(handler: Listener): () => void {
    this.fanOut.distribute()
    const listeners = this.listeners ??= new Listeners(this.owner)
    const kept = this.hasReader ? undefined : this.unread?.all
    if (kept !== undefined) this.unread = undefined
    const stop = listeners.add(handler)
    if (kept !== undefined) { for (const message of kept) listeners.callOne(handler, message) }
    this.onRoom()
    return () => {
      stop()
      this.onRoom()
    }
  }

  /** The next batch, at least one message; then the subscription's end. */
  take(subscription: Subscription): Effect.Effect<NonEmptyReadonlyArray<Message>, ConnectionError | Cause.Done> {
    return this.fanOut.take(subscription)
  }

  /** The next single message; then the subscription's end. */
  takeOne(subscription: Subscription): Effect.Effect<Message, ConnectionError | Cause.Done> {
    return this.fanOut.takeOne(subscription)
  }
}

const give = (subscription: Subscription, messages: ReadonlyArray<Message>): void =>
  subscription.append(messages, messages.reduce((bytes, message) => bytes + weightOf(messageSize(message)), 0))
