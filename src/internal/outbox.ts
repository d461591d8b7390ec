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

export interface OutboundOptions {
  /** Bytes that the transport may hold before a send suspends. */
  readonly highWaterMark: number
  readonly whileDisconnected: WhileDisconnected
}

interface Entry {
  readonly message: Message
  readonly bytes: number
  /** True once `send` returned: the frame is ours now, and counts against the buffer's bounds. */
  buffered: boolean
  /** Waits for a session whatever `whileDisconnected` says. */
  readonly patient: boolean
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
  /** Sizes of what was offered since the link was last seen empty. */
  private inFlight: Array<number> = []
  private lost: ConnectionError | undefined = undefined
  private lastError: ConnectionError | undefined = undefined
  private closed: Effect.Effect<never, ConnectionError> | undefined = undefined
  private closedByUs = false
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
    if (typeof message !== "string" && !(message instanceof Uint8Array)) return this.notAMessage()
    const link = this.link
    if (
      link !== undefined && this.queue.length === 0 && this.stopped === undefined &&
      link.buffered() < this.options.highWaterMark && this.offer(link, message)
    ) {
      return Effect.void
    }
    return this.sendLater(message, patient)
  }

  private offer(link: Link, message: Message): boolean {
    if (this.inFlight.length > 0 && link.buffered() === 0) this.inFlight = []
    if (!link.offer(message)) return false
    const bytes = messageSize(message)
    this.inFlight.push(bytes)
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

  private sendLater(message: Message, patient: boolean): Effect.Effect<void, ConnectionError> {
    if (this.closed !== undefined) return Effect.mapError(this.closed, (error) => this.failed(error))
    if (this.stopped !== undefined) return Effect.fail(this.failed(this.stopped))
    const policy = this.options.whileDisconnected
    const open = this.link !== undefined && this.link.writable()
    if (open || patient || policy.mode === "suspend") return this.enqueue(message, patient)
    switch (policy.mode) {
      case "fail":
        return Effect.fail(this.failed(this.lastError ?? neverConnected()))
      case "drop":
        this.journal.dropped("outbound", "whileDisconnected", 1, messageSize(message))
        return Effect.void
      case "buffer":
        return this.buffer(message, policy)
    }
  }

  private enqueue(message: Message, patient: boolean): Effect.Effect<void, ConnectionError> {
    return Effect.callback((resume) => {
      const entry: Entry = { message, bytes: messageSize(message), buffered: false, patient, settle: resume }
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

  private buffer(
    message: Message,
    policy: Extract<WhileDisconnected, { readonly mode: "buffer" }>
  ): Effect.Effect<void, ConnectionError> {
    const bytes = messageSize(message)
    const fits = (): boolean =>
      this.bufferedMessages + 1 <= policy.messages && this.bufferedBytes + bytes <= policy.bytes
    if (!fits()) {
      switch (policy.overflow) {
        case "suspend":
          return this.enqueue(message, false)
        case "fail":
          return Effect.fail(this.failed(this.lastError ?? neverConnected()))
        case "dropNewest":
          this.journal.dropped("outbound", "dropNewest", 1, bytes)
          return Effect.void
        case "dropOldest":
          while (!fits() && this.dropOldest()) {}
          // A message larger than the whole buffer.
          if (!fits()) {
            this.journal.dropped("outbound", "dropOldest", 1, bytes)
            return Effect.void
          }
      }
    }
    // The caller may change its bytes once `send` has returned.
    const kept = typeof message === "string" ? message : message.slice()
    this.queue.push({ message: kept, bytes, buffered: true, patient: false, settle: undefined })
    this.bufferedMessages++
    this.bufferedBytes += bytes
    return Effect.void
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

  /** Everything sent so far has left this process. A loss since the last flush is reported once. */
  get flush(): Effect.Effect<void, ConnectionError> {
    const next: Effect.Effect<void, ConnectionError> = Effect.suspend(() => {
      if (this.lost !== undefined) {
        const cause = this.lost
        this.lost = undefined
        return Effect.fail(this.failed(cause, "unknown"))
      }
      const link = this.link
      if (this.queue.length === 0) {
        if (this.closed !== undefined && !this.closedByUs) return this.closed
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
    this.inFlight = []
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
    const unflushed = this.countUnflushed(link.buffered())
    this.inFlight = []
    if (unflushed.messages > 0) this.lost = error
    this.applyPolicy(error)
    this.changed.wakeAll()
    return unflushed
  }

  /** An attempt failed: senders who do not wait are told. */
  attemptFailed(error: ConnectionError): void {
    this.lastError = error
  }

  // The newest frames are the ones that are still here.
  private countUnflushed(bytes: number): Unflushed {
    let messages = 0
    let counted = 0
    for (let i = this.inFlight.length - 1; i >= 0 && counted < bytes; i--) {
      // A client's frame is at least 6 bytes longer than its payload (RFC 6455 §5.2).
      counted += this.inFlight[i]! + 6
      messages++
    }
    return messages === 0 ? nothing : { messages, bytes }
  }

  // Senders that suspended above the mark of a session that is gone fall under `whileDisconnected` now.
  private applyPolicy(error: ConnectionError): void {
    const mode = this.options.whileDisconnected.mode
    if (mode !== "fail" && mode !== "drop") return
    const waiting = this.queue.filter((entry) => !entry.patient)
    this.queue = this.queue.filter((entry) => entry.patient)
    for (const entry of waiting) {
      if (mode === "fail") {
        entry.settle?.(Effect.fail(this.failed(error)))
      } else {
        this.journal.dropped("outbound", "whileDisconnected", 1, entry.bytes)
        entry.settle?.(Effect.void)
      }
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
      while (this.queue.length > 0 && link.buffered() < mark) {
        const entry = this.queue[0]!
        if (!this.offer(link, entry.message)) {
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
      return Effect.andThen(Effect.ignore(link.drained(mark >> 1)), drain)
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
      if (entry.buffered) this.journal.dropped("outbound", "closed", 1, entry.bytes)
      entry.settle?.(Effect.mapError(end, (error) => this.failed(error)))
    }
    this.changed.wakeAll()
  }
}

const nothing: Unflushed = { messages: 0, bytes: 0 }

/** Nothing was ever connected, so no earlier error explains it. */
const neverConnected = (): ConnectionError =>
  new ConnectionError({
    reason: new ConnectFailed({ phase: "tcp", code: "ENOTCONN", detail: "no session has been open yet" })
  })
