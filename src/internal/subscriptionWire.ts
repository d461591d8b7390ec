/**
 * What one session is told of the subscriptions: `open`s and `close`s, one after
 * the other, at a pace. It ends with its session, and what was not sent by then
 * is not sent at all.
 */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import type { ConnectionError } from "../ConnectionError.ts"
import type { ProtocolPrelude } from "../Protocol.ts"
import type { Pace } from "./replayPace.ts"
import { Waiters, waitFor } from "./wait.ts"

/** What is said of one subscription. */
export interface Words<Outgoing> {
  readonly open: () => Outgoing
  /** Undefined where nothing is said when the last subscriber leaves. */
  readonly close: (() => Outgoing) | undefined
  /** Its `open` was handed over in this session. */
  readonly onOpened: () => void
  /** Its `open` can never be sent: it cannot be encoded, or making it threw. */
  readonly onFailed: (cause: Cause.Cause<ConnectionError>) => void
}

interface Order<Outgoing> {
  readonly words: Words<Outgoing>
  readonly kind: "open" | "close"
}

export interface WireOptions {
  readonly pace: Pace
  /** Starts a fiber that lives no longer than the subscriptions. */
  readonly run: (effect: Effect.Effect<void>) => void
  /** A `close` cannot be sent. */
  readonly onCloseFailed: (cause: Cause.Cause<ConnectionError>) => void
}

export class SubscriptionWire<Outgoing> {
  private readonly session: Pick<ProtocolPrelude<Outgoing>, "send">
  private readonly options: WireOptions
  /** What is to be sent. An `open` is at most once in it, and not any more once it is in the session's hands. */
  private readonly orders = new Set<Order<Outgoing>>()
  private readonly opens = new Map<Words<Outgoing>, Order<Outgoing>>()
  /** In the session's hands: not to be taken back. */
  private taken: Order<Outgoing> | undefined = undefined
  private writing = false
  private over = false
  private readonly changed = new Waiters()

  constructor(session: Pick<ProtocolPrelude<Outgoing>, "send">, options: WireOptions) {
    this.session = session
    this.options = options
  }

  open(words: Words<Outgoing>): void {
    const order: Order<Outgoing> = { words, kind: "open" }
    this.opens.set(words, order)
    this.add(order)
  }

  /** No `close` goes out without its `open`: what was not opened yet is not opened at all. */
  close(words: Words<Outgoing>): void {
    const opening = this.opens.get(words)
    this.opens.delete(words)
    if (opening === undefined || this.orders.delete(opening)) return this.changed.wakeAll()
    if (words.close !== undefined) this.add({ words, kind: "close" })
  }

  /** The peer does not have it: there is nothing to close. */
  forget(words: Words<Outgoing>): void {
    this.opens.delete(words)
  }

  private add(order: Order<Outgoing>): void {
    if (this.over) return
    this.orders.add(order)
    if (this.writing) return
    this.writing = true
    this.options.run(this.write)
  }

  /** Waits until all these have gone out, or need not any more, or the session has ended. */
  sent(all: ReadonlyArray<Words<Outgoing>>): Effect.Effect<void> {
    const waiting = new Set(all.flatMap((words) => this.opens.get(words) ?? []))
    const next: Effect.Effect<void> = Effect.suspend(() => {
      for (const order of waiting) {
        if (this.over || (!this.orders.has(order) && this.taken !== order)) waiting.delete(order)
        else return waitFor((wake) => this.changed.add(wake), next)
      }
      return Effect.void
    })
    return next
  }

  /** The session has ended. */
  end(): void {
    this.over = true
    this.orders.clear()
    this.changed.wakeAll()
  }

  /** One fiber as long as there is something to send. */
  private get write(): Effect.Effect<void> {
    const { pace } = this.options
    const next: Effect.Effect<void> = Effect.suspend(() => {
      if (this.orders.size === 0) {
        this.writing = false
        return Effect.void
      }
      const messages = Math.min(pace.batch, this.orders.size)
      return Effect.andThen(pace.begin(messages), Effect.andThen(this.batch(messages), next))
    })
    return next
  }

  private batch(messages: number): Effect.Effect<void> {
    return Effect.suspend(() => {
      // A copy, since taking the first of a set again and again walks over all that were taken before.
      const orders = Array.from(this.orders).slice(0, messages)
      return Effect.andThen(
        Effect.forEach(orders, (order) => Effect.andThen(this.options.pace.each, this.send(order)), { discard: true }),
        Effect.sync(() => this.changed.wakeAll())
      )
    })
  }

  private send(order: Order<Outgoing>): Effect.Effect<void> {
    return Effect.suspend(() => {
      // Taken back while it waited for its turn.
      if (!this.orders.delete(order)) return Effect.void
      this.taken = order
      const { kind, words } = order
      const sending = Effect.suspend(() => this.session.send(kind === "open" ? words.open() : words.close!()))
      return Effect.flatMap(Effect.exit(sending), (exit) => {
        this.taken = undefined
        if (Exit.isSuccess(exit)) {
          if (kind === "open" && !this.over && this.opens.get(words) === order) words.onOpened()
          return this.options.pace.spent
        }
        if (this.over) return Effect.void
        if (isEndOfSession(exit.cause)) this.end()
        else if (kind === "close") this.options.onCloseFailed(exit.cause)
        else {
          this.opens.delete(words)
          words.onFailed(exit.cause)
        }
        return Effect.void
      })
    })
  }
}

// What else a send of a session can fail with is a message that cannot be sent at all.
const isEndOfSession = (cause: Cause.Cause<ConnectionError>): boolean =>
  Option.match(Cause.findErrorOption(cause), {
    onNone: () => Cause.hasInterruptsOnly(cause),
    onSome: ({ reason }) => reason._tag === "SendFailed" && reason.cause.reason._tag !== "InvalidRequest"
  })
