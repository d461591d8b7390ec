/**
 * What the peer has taken. TCP does not say, and an application need not; but a
 * pong comes after all that was sent before its ping (RFC 6455 §5.5.3). So what
 * was sent before an answered ping has arrived, and when a session is lost we
 * know how many messages may have been lost with it.
 */
import type * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type { ConnectionError } from "../../ConnectionError.ts"
import type { Link } from "../../Link.ts"
import type { Direction, Watcher } from "./watchedTransport.ts"

/** Tells our pings from those of the heartbeat. */
const mark = "holdfast-receipt-"

const encoder = new TextEncoder()
const decoder = new TextDecoder()

/** How receipts are asked for. */
export interface ReceiptOptions {
  /** Whether pings are sent; without them nothing is ever uncertain. */
  readonly asks: boolean
  /** Whether a session is asked at its beginning, for its round trip. */
  readonly atOpen: boolean
  readonly clock: Clock.Clock
}

/** Counts what was sent, and what of it has arrived for certain. */
export class Receipts implements Watcher {
  /** Messages handed to a socket so far. */
  sent = 0
  /** Of those that were sent in sessions that have ended: it is unknown whether they arrived. */
  uncertain = 0
  /** Sessions so far. */
  sessions = 0
  /** The last round trip. */
  roundTrip: Duration.Duration | undefined = undefined
  private confirmed = 0
  private link: Link | undefined = undefined
  /** When the last question was sent; undefined where it was answered. */
  private askedAt: bigint | undefined = undefined
  private waiting: (() => void) | undefined = undefined
  private readonly options: ReceiptOptions

  constructor(options: ReceiptOptions) {
    this.options = options
  }

  /** Messages of this session whose arrival is not certain yet. */
  get open(): number {
    return this.options.asks ? this.sent - this.confirmed : 0
  }

  readonly opened = (link: Link): void => {
    this.link = link
    this.sessions++
    this.askedAt = undefined
    this.roundTrip = undefined
    this.confirmed = this.sent
    if (this.options.asks && this.options.atOpen) this.ask(link)
  }

  readonly message = (direction: Direction): void => {
    if (direction === "sent") this.sent++
  }

  readonly control = (direction: Direction, kind: "ping" | "pong", payload: Uint8Array): void => {
    if (direction === "sent" || kind === "ping" || !isReceipt(payload)) return
    if (this.askedAt !== undefined) {
      this.roundTrip = Duration.nanos(this.options.clock.monotonicTimeNanosUnsafe() - this.askedAt)
    }
    this.confirm(Number(decoder.decode(payload).slice(mark.length)))
    if (this.open > 0 && this.waiting !== undefined) this.askAgain()
  }

  readonly ended = (error: ConnectionError): void => {
    // Who closes normally has had what he wanted.
    if (error.reason._tag !== "NormalClosure") this.uncertain += this.open
    this.link = undefined
    this.confirm(this.sent)
  }

  private confirm(upTo: number): void {
    this.confirmed = Math.max(this.confirmed, upTo)
    this.askedAt = undefined
    if (this.open === 0) this.waiting?.()
  }

  /** Asks where something is open, and nothing was asked that is not answered. */
  private askAgain(): void {
    if (this.link !== undefined && this.askedAt === undefined && this.open > 0) this.ask(this.link)
  }

  private ask(link: Link): void {
    const asked = link.sendPing(encoder.encode(`${mark}${this.sent}`), () => undefined)
    if (asked) this.askedAt = this.options.clock.monotonicTimeNanosUnsafe()
  }

  /** Asks now and then, for as long as it runs. */
  asking(interval: Duration.Input): Effect.Effect<never> {
    return this.options.asks
      ? Effect.forever(Effect.andThen(Effect.sleep(interval), Effect.sync(() => this.askAgain())))
      : Effect.never
  }

  /** Waits until everything that was sent has arrived, or its session has ended. */
  get settled(): Effect.Effect<void> {
    return Effect.callback<void>((resume) => {
      if (this.open === 0) return resume(Effect.void)
      this.waiting = () => {
        this.waiting = undefined
        resume(Effect.void)
      }
      this.askAgain()
      return Effect.sync(() => {
        this.waiting = undefined
      })
    })
  }
}

/** Whether a ping or pong is one of a receipt. */
export const isReceipt = (payload: Uint8Array): boolean => decoder.decode(payload).startsWith(mark)
