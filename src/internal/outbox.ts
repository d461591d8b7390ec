/**
 * Outbound messages: the gate, the watermark, and an honest outcome for every
 * send.
 *
 * While a session is open and below the mark, a send is one call of the link.
 * Everything else waits in one queue, in the order in which it came.
 */
import * as Effect from "effect/Effect"
import { ConnectFailed, ConnectionError, InvalidRequest, SendFailed } from "../ConnectionError.ts"
import type { Link, Message } from "../Link.ts"
import type { Journal } from "./journal.ts"
import { messageSize } from "./messageSize.ts"
import { Waiters, waitFor } from "./wait.ts"

/** What a send does while no session is open. */
export type WhileDisconnected =
  | { readonly mode: "suspend" | "fail" | "drop" }
  | {
    readonly mode: "buffer"
    readonly messages: number
    readonly bytes: number
    readonly overflow: "suspend" | "fail" | "dropOldest" | "dropNewest"
  }

type Buffering = Extract<WhileDisconnected, { readonly mode: "buffer" }>

export interface OutboundOptions {
  /** Bytes that the transport may hold before a send suspends. */
  readonly highWaterMark: number
  readonly whileDisconnected: WhileDisconnected
}

/** What ends the wait of a suspended send, but for its turn: `any` session comes, as `policy` says, or this `session` ends. */
type WaitsFor = "any" | "policy" | "session"

interface Entry {
  readonly message: Message
  readonly bytes: number
  /** True once `send` returned: the frame is ours now, and counts against the buffer's bounds. */
  buffered: boolean
  readonly waitsFor: WaitsFor
  /** Told the outcome; undefined for buffered frames. */
  settle: ((outcome: Effect.Effect<void, ConnectionError>) => void) | undefined
}

/** Messages and bytes that were accepted, but had not left this process. */
export interface Unflushed {
  readonly messages: number
  readonly bytes: number
}

export class Outbox {
  private readonly options: OutboundOptions
  private readonly journal: Journal
  /** Starts a fiber that lives no longer than the session. */
  private readonly forkInSession: (effect: Effect.Effect<void>) => void

  private link: Link | undefined = undefined
  private queue: Array<Entry> = []
  private bufferedMessages = 0
  private bufferedBytes = 0
  private draining = false
  private readonly inFlight = new InFlight()
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

  constructor(
    options: OutboundOptions,
    journal: Journal,
    forkInSession: (effect: Effect.Effect<void>) => void
  ) {
    this.options = options
    this.journal = journal
    this.forkInSession = forkInSession
  }

  // ---------------------------------------------------------------------------
  // from the user
  // ---------------------------------------------------------------------------

  /** Hands a message over, or waits, drops or fails as the options say. `patient` waits whatever the options say. */
  send(message: Message, patient: boolean): Effect.Effect<void, ConnectionError> {
    return this.sendWhile(message, patient ? "any" : "policy")
  }

  /** The same for the session that is open: where it ends first, the message is not sent. */
  sendNow(message: Message): Effect.Effect<void, ConnectionError> {
    return this.sendWhile(message, "session")
  }

  private sendWhile(message: Message, waitsFor: WaitsFor): Effect.Effect<void, ConnectionError> {
    if (typeof message !== "string" && !(message instanceof Uint8Array)) return this.notAMessage()
    const link = this.link
    if (link !== undefined && this.queue.length === 0 && this.stopped === undefined) {
      const buffered = link.buffered()
      if (buffered < this.options.highWaterMark && this.offer(link, message, buffered)) return Effect.void
    }
    return this.sendLater(message, waitsFor)
  }

  private offer(link: Link, message: Message, buffered: number): boolean {
    if (!link.offer(message)) return false
    const bytes = messageSize(message)
    this.inFlight.add(bytes, buffered, link.buffered())
    this.journal.outboundMessages++
    this.journal.outboundBytes += bytes
    this.journal.tick()
    return true
  }

  private notAMessage(): Effect.Effect<never, ConnectionError> {
    return Effect.fail(this.failed(
      new ConnectionError({
        reason: new InvalidRequest({ option: "message", problem: "a message is a string or a Uint8Array" })
      })
    ))
  }

  private sendLater(message: Message, waitsFor: WaitsFor): Effect.Effect<void, ConnectionError> {
    if (this.closed !== undefined) return Effect.mapError(this.closed, (error) => this.failed(error))
    if (this.stopped !== undefined) return Effect.fail(this.failed(this.stopped))
    const policy = this.options.whileDisconnected
    const open = this.link !== undefined && this.link.writable()
    if (open || waitsFor === "any") return this.enqueue(message, waitsFor)
    if (waitsFor === "session") return Effect.fail(this.failed(this.disconnected))
    if (policy.mode === "suspend") return this.enqueue(message, waitsFor)
    switch (policy.mode) {
      case "fail":
        return Effect.fail(this.failed(this.disconnected))
      case "drop":
        this.journal.dropped("outbound", "whileDisconnected", 1, messageSize(message))
        return Effect.void
      case "buffer":
        return this.buffer(message, policy)
    }
  }

  /** Why no session takes messages now. */
  private get disconnected(): ConnectionError {
    return this.link?.failure() ?? this.lastError ?? neverConnected()
  }

  private enqueue(message: Message, waitsFor: WaitsFor): Effect.Effect<void, ConnectionError> {
    return Effect.callback((resume) => {
      const entry: Entry = { message, bytes: messageSize(message), buffered: false, waitsFor, settle: resume }
      this.queue.push(entry)
      this.drainSoon()
      return Effect.sync(() => {
        entry.settle = undefined
        const index = this.queue.indexOf(entry)
        if (index < 0) return
        this.queue.splice(index, 1)
        this.changed.wakeAll()
      })
    })
  }

  private buffer(message: Message, policy: Buffering): Effect.Effect<void, ConnectionError> {
    const bytes = messageSize(message)
    const decision = this.makeRoom(bytes, policy)
    if (decision === "suspend") return this.enqueue(message, "policy")
    if (decision === "fail") return Effect.fail(this.failed(this.disconnected))
    if (decision === "keep") this.keep(message, bytes)
    return Effect.void
  }

  private makeRoom(bytes: number, policy: Buffering): "keep" | "dropped" | "suspend" | "fail" {
    const fits = (): boolean =>
      this.bufferedMessages + 1 <= policy.messages && this.bufferedBytes + bytes <= policy.bytes
    if (fits()) return "keep"
    const { overflow } = policy
    if (overflow === "suspend" || overflow === "fail") return overflow
    // A message larger than the whole buffer pushes out none of the others.
    if (overflow === "dropOldest" && bytes <= policy.bytes) {
      while (!fits() && this.dropOldest()) {}
      if (fits()) return "keep"
    }
    this.journal.dropped("outbound", overflow, 1, bytes)
    return "dropped"
  }

  private keep(message: Message, bytes: number): void {
    // The caller may change its bytes once `send` has returned.
    const kept = typeof message === "string" ? message : new Uint8Array(message)
    this.queue.push({ message: kept, bytes, buffered: true, waitsFor: "policy", settle: undefined })
    this.bufferedMessages++
    this.bufferedBytes += bytes
  }

  private dropOldest(): boolean {
    const index = this.queue.findIndex((entry) => entry.buffered)
    if (index < 0) return false
    const [entry] = this.queue.splice(index, 1)
    this.unbuffer(entry!)
    this.journal.dropped("outbound", "dropOldest", 1, entry!.bytes)
    return true
  }

  private unbuffer(entry: Entry): void {
    if (!entry.buffered) return
    this.bufferedMessages--
    this.bufferedBytes -= entry.bytes
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
    const next: Effect.Effect<void, ConnectionError> = Effect.suspend(() => {
      if (this.losses > reported) {
        this.reported = this.losses
        return Effect.fail(this.failed(this.lost!, "unknown"))
      }
      const link = this.link
      if (this.queue.length === 0) {
        if (this.closed !== undefined && (!this.closedByUs || this.closedOnBuffered)) return this.closed
        if (link === undefined || link.buffered() === 0) return Effect.void
        // Where the link dies first, `detach` says whether something was lost.
        return Effect.matchEffect(link.drained(0), {
          onSuccess: () => next,
          onFailure: () => this.link === link ? this.awaitChange(next) : next
        })
      }
      return this.awaitChange(next)
    })
    return next
  }

  private awaitChange<A, E>(next: Effect.Effect<A, E>): Effect.Effect<A, E> {
    return waitFor((wake) => this.changed.add(wake), next)
  }

  private failed(cause: ConnectionError, delivery: "notSent" | "unknown" = "notSent"): ConnectionError {
    return new ConnectionError({
      reason: new SendFailed({ delivery, cause }),
      attempt: cause.attempt,
      endpoint: cause.endpoint
    })
  }

  // ---------------------------------------------------------------------------
  // from the supervisor
  // ---------------------------------------------------------------------------

  /** A new session's link, before anybody is told: who sends inside the publication of `Open` is served. */
  prepare(link: Link): void {
    if (this.link === link) return
    this.link = link
    this.inFlight.clear()
  }

  /** The gate opens: what waited goes first. */
  attach(link: Link): void {
    this.prepare(link)
    this.drainSoon()
  }

  /** The session ended; the result is what had been accepted and not flushed. */
  detach(error: ConnectionError): Unflushed {
    this.lastError = error
    const link = this.link
    if (link === undefined) return nothing
    this.link = undefined
    this.draining = false
    const unflushed = this.inFlight.unflushed(link.buffered())
    this.inFlight.clear()
    if (unflushed.messages > 0) {
      this.losses++
      this.lost = error
    }
    this.applyPolicy(error)
    this.changed.wakeAll()
    return unflushed
  }

  /** An attempt failed: senders who do not wait are told. */
  attemptFailed(error: ConnectionError): void {
    this.lastError = error
  }

  // Senders that suspended above the mark of a session that is gone fall under `whileDisconnected` now.
  private applyPolicy(error: ConnectionError): void {
    const policy = this.options.whileDisconnected
    const waiting = this.queue
    this.queue = []
    for (const entry of waiting) {
      if (entry.waitsFor === "session") {
        entry.settle?.(Effect.fail(this.failed(error)))
      } else if (entry.buffered || entry.waitsFor === "any" || policy.mode === "suspend") {
        this.queue.push(entry)
      } else {
        this.fallUnder(policy, entry, error)
      }
    }
  }

  private fallUnder(policy: WhileDisconnected, entry: Entry, error: ConnectionError): void {
    const decision = policy.mode === "buffer" ? this.makeRoom(entry.bytes, policy) : policy.mode
    switch (decision) {
      case "suspend":
        this.queue.push(entry)
        return
      case "fail":
        return entry.settle?.(Effect.fail(this.failed(error)))
      case "drop":
        this.journal.dropped("outbound", "whileDisconnected", 1, entry.bytes)
        return entry.settle?.(Effect.void)
      case "keep":
        this.keep(entry.message, entry.bytes)
        return entry.settle?.(Effect.void)
      case "dropped":
        return entry.settle?.(Effect.void)
    }
  }

  private drainSoon(): void {
    if (this.draining || this.link === undefined || this.queue.length === 0) return
    this.draining = true
    const link = this.link
    const mark = this.options.highWaterMark
    // One fiber a congestion: hand over, wait for room, hand over.
    const drain: Effect.Effect<void> = Effect.suspend(() => {
      if (this.link !== link) return Effect.void
      let buffered: number
      while (this.queue.length > 0 && (buffered = link.buffered()) < mark) {
        const entry = this.queue[0]!
        if (!this.offer(link, entry.message, buffered)) {
          // Closing: the rest waits for the next session.
          this.draining = false
          return Effect.void
        }
        this.queue.shift()
        this.unbuffer(entry)
        entry.settle?.(Effect.void)
      }
      if (this.queue.length === 0) {
        this.draining = false
        this.changed.wakeAll()
        return Effect.void
      }
      // Where the link has ended, there is nothing to do until `detach`.
      return Effect.matchEffect(link.drained(mark >> 1), { onSuccess: () => drain, onFailure: () => Effect.void })
    })
    this.forkInSession(drain)
  }

  /** The connection is closing: nothing more is accepted. */
  stop(error: ConnectionError): void {
    this.stopped = error
  }

  /** The connection is closed: whoever waits is told, buffered frames are dropped and counted. */
  close(end: Effect.Effect<never, ConnectionError>, byUs: boolean): void {
    this.closed = end
    this.closedByUs = byUs
    const waiting = this.queue
    this.queue = []
    this.bufferedMessages = this.bufferedBytes = 0
    for (const entry of waiting) {
      if (entry.buffered) {
        this.closedOnBuffered = true
        this.journal.dropped("outbound", "closed", 1, entry.bytes)
      }
      entry.settle?.(Effect.mapError(end, (error) => this.failed(error)))
    }
    this.changed.wakeAll()
  }
}

/** What one link took and may still hold, in order. */
class InFlight {
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

  clear(): void {
    if (this.sizes.length === 0) return
    this.sizes = []
    this.costs = []
    this.most = 1024
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

const nothing: Unflushed = { messages: 0, bytes: 0 }

/** Nothing was ever connected, so no earlier error explains it. */
const neverConnected = (): ConnectionError =>
  new ConnectionError({
    reason: new ConnectFailed({ phase: "tcp", code: "ENOTCONN", detail: "no session has been open yet" })
  })
