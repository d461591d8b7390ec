/**
 * Outbound messages: the gate, the watermark, and an honest outcome for every
 * send.
 *
 * While a session is open and below the mark, a send is one call of the link.
 * Everything else waits in one queue, in the order in which it came.
 */
import type * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import { ConnectionError } from "../ConnectionError.ts"
import type { Link, Message } from "../Link.ts"
import { InFlight, nothing, type Unflushed } from "./inFlight.ts"
import type { Journal } from "./journal.ts"
import { sleepUntil } from "./liveness.ts"
import { messageSize } from "./messageSize.ts"
import { type InTurn, type RateLimit, RateWindow } from "./rateWindow.ts"
import { isMessage, neverConnected, notAMessage, sendFailed } from "./sendFailures.ts"
import { checkSend, nothingWanted, type SendOptions, type Wanted } from "./sendOptions.ts"
import { SendQueue, type WhileDisconnected } from "./sendQueue.ts"
import { Waiters, waitFor } from "./wait.ts"
import type { WaitsFor } from "./waitingLine.ts"

export interface OutboundOptions {
  /** Bytes that the transport may hold before a send suspends. */
  readonly highWaterMark: number
  readonly whileDisconnected: WhileDisconnected
  /** No limit where undefined. */
  readonly rateLimit?: RateLimit | undefined
}

/** Whose messages they are. */
export interface OutboxOwner {
  readonly journal: Journal
  readonly clock: Clock.Clock
  /** Starts a fiber that lives no longer than the session. */
  readonly runInSession: (effect: Effect.Effect<void>) => void
  /** Starts a fiber that lives no longer than the connection. */
  readonly runInScope: (effect: Effect.Effect<void>) => Fiber.Fiber<void>
}

export class Outbox {
  private readonly options: OutboundOptions
  private readonly owner: OutboxOwner
  private readonly rate: RateWindow | undefined

  private link: Link | undefined = undefined
  /** The gate is shut: what goes first has not gone yet. */
  private held = false
  /** Undefined until something waits. */
  private queue: SendQueue | undefined = undefined
  private draining = false
  /** Wakes when the first of those that wait expires. */
  private expiring: { readonly at: bigint; readonly fiber: Fiber.Fiber<void> } | undefined = undefined
  /** Of this session; undefined until something is sent. */
  private inFlight: InFlight | undefined = undefined
  /** How often something was lost with a session, and how much of that was reported by a flush. */
  private losses = 0
  private reported = 0
  private lost: ConnectionError | undefined = undefined
  private lastError: ConnectionError | undefined = undefined
  private closed: Effect.Effect<never, ConnectionError> | undefined = undefined
  private closedByUs = false
  private closedOnBuffered = false
  private stopped: ConnectionError | undefined = undefined
  private readonly changed = new Waiters()

  constructor(options: OutboundOptions, owner: OutboxOwner) {
    this.options = options
    this.owner = owner
    this.rate = options.rateLimit === undefined ? undefined : new RateWindow(options.rateLimit, owner.clock)
  }

  // ---------------------------------------------------------------------------
  // from the user
  // ---------------------------------------------------------------------------

  /** Hands a message over, or waits, drops or fails as the options say. `patient` waits whatever the options say. */
  send(message: Message, patient: boolean, options?: SendOptions): Effect.Effect<void, ConnectionError> {
    return this.sendWhile(message, patient ? "any" : "policy", options)
  }

  /** The same for the session that is open: where it ends first, the message is not sent. */
  sendNow(message: Message, options?: SendOptions): Effect.Effect<void, ConnectionError> {
    return this.sendWhile(message, "session", options)
  }

  private sendWhile(
    message: Message,
    waitsFor: WaitsFor,
    options: SendOptions | undefined
  ): Effect.Effect<void, ConnectionError> {
    if (!isMessage(message)) return Effect.fail(sendFailed(new ConnectionError({ reason: notAMessage() })))
    let wanted = nothingWanted
    if (options !== undefined) {
      const checked = checkSend(options, this.owner.clock)
      if ("_tag" in checked) return Effect.fail(sendFailed(new ConnectionError({ reason: checked })))
      wanted = checked
    }
    const link = this.link
    if (link !== undefined && !this.held && !this.hasQueue && this.stopped === undefined && this.isInRate) {
      const buffered = link.buffered()
      if (buffered < this.options.highWaterMark && this.offer(link, message, buffered)) {
        this.rate?.take()
        return Effect.void
      }
    }
    return this.sendLater(message, waitsFor, wanted)
  }

  private get isInRate(): boolean {
    return this.rate === undefined || this.rate.isFree
  }

  private offer(link: Link, message: Message, buffered: number): boolean {
    if (!link.offer(message)) return false
    const bytes = messageSize(message)
    const inFlight = this.inFlight ??= new InFlight()
    inFlight.add(bytes, buffered, link.buffered())
    this.owner.journal.outboundMessages++
    this.owner.journal.outboundBytes += bytes
    this.owner.journal.tick()
    return true
  }

  private get hasQueue(): boolean {
    return this.queue !== undefined && this.queue.length > 0
  }

  private get openQueue(): SendQueue {
    return this.queue ??= new SendQueue(this.options.whileDisconnected, this.owner.journal)
  }

  private sendLater(message: Message, waitsFor: WaitsFor, wanted: Wanted): Effect.Effect<void, ConnectionError> {
    if (this.closed !== undefined) return Effect.mapError(this.closed, (error) => sendFailed(error))
    if (this.stopped !== undefined) return Effect.fail(sendFailed(this.stopped))
    const policy = this.options.whileDisconnected
    const open = this.link !== undefined && this.link.writable()
    if (open || waitsFor === "any") return this.enqueue(message, waitsFor, wanted)
    if (waitsFor === "session") return Effect.fail(sendFailed(this.disconnected))
    if (policy.mode === "suspend") return this.enqueue(message, waitsFor, wanted)
    switch (policy.mode) {
      case "fail":
        return Effect.fail(sendFailed(this.disconnected))
      case "drop":
        this.owner.journal.dropped("outbound", "whileDisconnected", 1, messageSize(message))
        return Effect.void
      case "buffer":
        switch (this.openQueue.buffer(message, policy, wanted)) {
          case "suspend":
            return this.enqueue(message, waitsFor, wanted)
          case "fail":
            return Effect.fail(sendFailed(this.disconnected))
          default:
            this.expireSoon(wanted)
            return Effect.void
        }
    }
  }

  /** Why no session takes messages now. */
  private get disconnected(): ConnectionError {
    return this.link?.failure() ?? this.lastError ?? neverConnected()
  }

  private enqueue(message: Message, waitsFor: WaitsFor, wanted: Wanted): Effect.Effect<void, ConnectionError> {
    return Effect.callback((resume) => {
      const queue = this.openQueue
      const ticket = queue.wait(message, waitsFor, resume, wanted)
      this.expireSoon(wanted)
      this.drainSoon()
      return Effect.sync(() => {
        if (queue.leave(ticket)) this.changed.wakeAll()
      })
    })
  }

  /** One fiber for all that expire: it sleeps until the first of them does. */
  private expireSoon({ expiresAt }: Wanted): void {
    if (expiresAt === undefined || (this.expiring !== undefined && this.expiring.at <= expiresAt)) return
    this.expiring?.fiber.interruptUnsafe()
    const { clock } = this.owner
    const fiber = this.owner.runInScope(Effect.suspend(() =>
      Effect.map(sleepUntil(clock, expiresAt), () => {
        this.expiring = undefined
        const { queue } = this
        if (queue === undefined) return
        queue.expire(clock.monotonicTimeNanosUnsafe(), () => this.obstacle)
        this.changed.wakeAll()
        const next = queue.nextExpiry
        if (next !== undefined) this.expireSoon({ ...nothingWanted, expiresAt: next })
      })
    ))
    this.expiring = { at: expiresAt, fiber }
  }

  /** What keeps messages from going out. */
  private get obstacle(): string {
    if (this.link === undefined) return `no session is open (${this.disconnected.reason.message})`
    if (this.held) return "what goes first in the session is not over yet"
    return this.isInRate ? "the peer does not take what was sent before" : "the rate limit holds it back"
  }

  /**
   * Hands over what goes first in a session, ahead of all that waits, while the
   * gate is shut; afterwards the same as `sendNow`.
   */
  sendFirst(link: Link, message: Message): Effect.Effect<void, ConnectionError> {
    const isFirst = () => this.link === link && this.held
    const next: Effect.Effect<void, ConnectionError> = Effect.suspend(() => {
      if (!isFirst()) return this.sendNow(message)
      if (link.buffered() >= this.options.highWaterMark) {
        const drained = link.drained(this.options.highWaterMark >> 1)
        return Effect.flatMap(Effect.mapError(drained, (error) => sendFailed(error)), () => next)
      }
      let refused = false
      // By the time of its turn all may be different.
      const offer = (): boolean => {
        const buffered = link.buffered()
        if (!isFirst() || buffered >= this.options.highWaterMark) return false
        refused = !this.offer(link, message, buffered)
        return !refused
      }
      const offered = this.rate === undefined ? Effect.succeed(offer()) : this.rate.first(offer)
      return Effect.flatMap(offered, (taken) => {
        if (taken) return Effect.void
        // Closing: the session ends for the link's own reason, which must not be anticipated by a failure of this.
        return refused ? Effect.mapError(link.ended, (error) => sendFailed(error)) : next
      })
    })
    return isMessage(message) ? next : Effect.fail(sendFailed(new ConnectionError({ reason: notAMessage() })))
  }

  /** The turn of frames that go before ordinary ones, within the rate limit; undefined where there is none. */
  get inTurn(): InTurn | undefined {
    return this.rate?.first
  }

  /** Everything sent so far has left this process. A loss is reported by every flush that waits, or else by the next one. */
  get flush(): Effect.Effect<void, ConnectionError> {
    return Effect.suspend(() => this.flushSince(this.reported))
  }

  /** The same without what was lost before. */
  get drained(): Effect.Effect<void, ConnectionError> {
    return Effect.suspend(() => this.flushSince(this.losses))
  }

  private flushSince(reported: number): Effect.Effect<void, ConnectionError> {
    // What comes after this call is of no interest, or a flush would never end under a load that never does.
    const upTo = this.queue?.newest ?? 0
    const next: Effect.Effect<void, ConnectionError> = Effect.suspend(() => {
      if (this.losses > reported) {
        this.reported = this.losses
        return Effect.fail(sendFailed(this.lost!, "unknown"))
      }
      const head = this.queue?.head
      if (head !== undefined && head.number <= upTo) return this.awaitChange(next)
      if (this.closed !== undefined && (!this.closedByUs || this.closedOnBuffered)) return this.closed
      const link = this.link
      if (link === undefined || link.buffered() === 0) return Effect.void
      // Where the session ends first, `detach` says whether something was lost. It also comes first where we leave a
      // session whose peer does not read: that link lives on until it has had its time to close.
      const left: Effect.Effect<void, ConnectionError> = Effect.suspend(() =>
        this.link === link ? this.awaitChange(left) : next
      )
      return Effect.raceFirst(
        Effect.matchEffect(link.flush, { onSuccess: () => Effect.void, onFailure: () => left }),
        left
      )
    })
    return next
  }

  private awaitChange<A, E>(next: Effect.Effect<A, E>): Effect.Effect<A, E> {
    return waitFor((wake) => this.changed.add(wake), next)
  }

  // ---------------------------------------------------------------------------
  // from the supervisor
  // ---------------------------------------------------------------------------

  /** A new session's link, before anybody is told: who sends inside the publication of `Open` is served, or waits where something goes first. */
  prepare(link: Link, held = false): void {
    if (this.link === link) return
    this.link = link
    this.held = held
    this.inFlight = undefined
  }

  /** The gate opens: what waited goes first. */
  attach(link: Link): void {
    this.prepare(link)
    this.held = false
    this.drainSoon()
  }

  /** The session ended; the result is what had been accepted and not flushed. */
  detach(error: ConnectionError): Unflushed {
    this.lastError = error
    const link = this.link
    if (link === undefined) return nothing
    this.link = undefined
    this.held = false
    this.draining = false
    const unflushed = this.inFlight?.unflushed(link.buffered()) ?? nothing
    this.inFlight = undefined
    if (unflushed.messages > 0) {
      this.losses++
      this.lost = error
    }
    this.queue?.sessionEnded(error)
    this.changed.wakeAll()
    return unflushed
  }

  /** An attempt failed: senders who do not wait are told. */
  attemptFailed(error: ConnectionError): void {
    this.lastError = error
  }

  private drainSoon(): void {
    const { link, queue } = this
    if (this.draining || this.held || link === undefined || queue === undefined || queue.length === 0) return
    this.draining = true
    const mark = this.options.highWaterMark
    // One fiber a congestion: hand over, wait for room, hand over.
    const drain: Effect.Effect<void> = Effect.suspend(() => {
      if (this.link !== link) return Effect.void
      let next = queue.head
      let buffered: number
      while (next !== undefined && this.isInRate && (buffered = link.buffered()) < mark) {
        const { message, wanted: { expiresAt } } = next.frame
        if (expiresAt !== undefined && expiresAt <= this.owner.clock.monotonicTimeNanosUnsafe()) {
          // Its timer is late.
          queue.expire(this.owner.clock.monotonicTimeNanosUnsafe(), () => this.obstacle)
        } else if (this.offer(link, message, buffered)) {
          this.rate?.take()
          queue.sent()
        } else {
          // Closing: the rest waits for the next session.
          this.draining = false
          return Effect.void
        }
        next = queue.head
      }
      this.changed.wakeAll()
      if (next === undefined) {
        this.draining = false
        return Effect.void
      }
      if (!this.isInRate) return Effect.andThen(this.rate!.pause, drain)
      // Where the link has ended, there is nothing to do until `detach`.
      return Effect.matchEffect(link.drained(mark >> 1), { onSuccess: () => drain, onFailure: () => Effect.void })
    })
    this.owner.runInSession(drain)
  }

  /** The connection is closing: nothing more is accepted. */
  stop(error: ConnectionError): void {
    this.stopped = error
  }

  /** The connection is closed: whoever waits is told, buffered frames are dropped and counted. */
  close(end: Effect.Effect<never, ConnectionError>, byUs: boolean): void {
    this.closed = end
    this.closedByUs = byUs
    if (this.queue?.close(end) === true) this.closedOnBuffered = true
    this.expiring?.fiber.interruptUnsafe()
    this.expiring = undefined
    this.changed.wakeAll()
  }
}
