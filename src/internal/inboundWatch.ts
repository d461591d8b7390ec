/**
 * What becomes of a session or a log when the inbox, inside the socket's
 * callback, reports that it holds the socket, that too much waits, that a
 * handler threw or that nobody reads.
 */
import * as Cause from "effect/Cause"
import type * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import { InboundOverflow } from "../ConnectionError.ts"
import type { ActiveSession } from "./activeSession.ts"
import type { Attempts } from "./attempts.ts"
import type { Inbox, InboxOwner } from "./inbox.ts"
import type { Journal } from "./journal.ts"

/** Whose inbox it is. */
export interface InboundWatchOwner {
  readonly options: { readonly inbound: { readonly maxPause: Duration.Duration } }
  readonly services: { readonly transport: { readonly capabilities: { readonly pause: boolean } } }
  readonly clock: Clock.Clock
  readonly journal: Journal
  readonly inbox: Inbox
  readonly attempts: Attempts
  readonly current: ActiveSession | undefined
  readonly run: (effect: Effect.Effect<void>) => void
  /** Starts a fiber that lives no longer than the session. */
  readonly runInSession: (effect: Effect.Effect<void>) => Fiber.Fiber<void>
}

export class InboundWatch implements InboxOwner {
  private readonly owner: InboundWatchOwner
  /** Runs while the socket is held. */
  private pauseWatch: Fiber.Fiber<void> | undefined = undefined

  constructor(owner: InboundWatchOwner) {
    this.owner = owner
  }

  get journal(): Journal {
    return this.owner.journal
  }

  get canPause(): boolean {
    return this.owner.services.transport.capabilities.pause
  }

  onPause(): void {
    const { clock, inbox, options } = this.owner
    const session = this.owner.current
    if (session === undefined) return
    session.pausedNanos = clock.monotonicTimeNanosUnsafe()
    this.journal.publishLater("Paused", () => ({ session: session.id }))
    this.pauseWatch = this.owner.runInSession(Effect.flatMap(
      Effect.sleep(options.inbound.maxPause),
      () => Effect.sync(() => this.onOverflow(inbox.waitingBytes))
    ))
  }

  onResume(): void {
    const session = this.owner.current
    this.stop()
    if (session === undefined || session.pausedNanos === undefined) return
    const pausedFor = this.pausedFor(session)
    session.pausedNanos = undefined
    this.journal.publishLater("Resumed", () => ({ session: session.id, pausedFor }))
  }

  onOverflow(bytes: number): void {
    const session = this.owner.current
    if (session === undefined || session.end !== undefined) return
    const error = this.owner.attempts.error(new InboundOverflow({ bytes, paused: this.pausedFor(session) }))
    session.finish(Cause.fail(error))
    this.owner.run(session.link.abort(error))
  }

  onThrown(defect: unknown): void {
    this.log(Effect.logError("a handler of `listen` threw", Cause.die(defect)))
  }

  onUnread(): void {
    this.log(Effect.logWarning(
      "nobody reads this connection's messages: the oldest are dropped. Run `messages`, `subscribe` or `listen`, " +
        "or set `inbound.unread` to \"discard\" or \"pause\""
    ))
  }

  /** The session is over, or the socket is read again. */
  stop(): void {
    this.pauseWatch?.interruptUnsafe()
    this.pauseWatch = undefined
  }

  private pausedFor(session: ActiveSession): Duration.Duration {
    return session.pausedNanos === undefined
      ? Duration.zero
      : Duration.nanos(this.owner.clock.monotonicTimeNanosUnsafe() - session.pausedNanos)
  }

  private log(effect: Effect.Effect<void>): void {
    this.owner.run(this.owner.attempts.annotate(effect))
  }
}
