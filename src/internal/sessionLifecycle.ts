/**
 * How a session opens and how it ends, for everybody who is told: the status,
 * the readers, the senders, the events and the heartbeat.
 */
import * as Cause from "effect/Cause"
import type * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Scope from "effect/Scope"
import { ConnectionClosed, type ConnectionError } from "../ConnectionError.ts"
import type { ConnectionStatus } from "../ConnectionStatus.ts"
import type { Heartbeat } from "../Heartbeat.ts"
import type { Reconnect } from "../Reconnect.ts"
import { ActiveSession, type SessionEnd } from "./activeSession.ts"
import type { Established } from "./attempt.ts"
import type { Attempts } from "./attempts.ts"
import { finishOff } from "./closingHandshake.ts"
import type { InboundWatch } from "./inboundWatch.ts"
import type { Inbox } from "./inbox.ts"
import type { Journal } from "./journal.ts"
import { messageSize } from "./messageSize.ts"
import type { Outbox } from "./outbox.ts"
import { type Prelude, Preludes, type PreludeSession } from "./preludes.ts"
import { sendFailed } from "./sendFailures.ts"

/** Told, synchronously, of every session as it opens, before its first frame. */
export type SessionWatcher = (session: ActiveSession) => void

/** Whose sessions they are. */
export interface SessionLifecycleOwner {
  readonly options: { readonly closeTimeout: Duration.Duration }
  readonly services: { readonly heartbeat: Heartbeat["Service"]; readonly reconnect: Reconnect["Service"] }
  readonly clock: Clock.Clock
  readonly scope: Scope.Closeable
  readonly attempts: Attempts
  readonly journal: Journal
  readonly inbox: Inbox
  readonly inboundWatch: InboundWatch
  readonly outbox: Outbox
  /** Whether a close was asked for. */
  readonly isClosing: boolean
  /** The session that is open has ended. */
  readonly signal: () => void
  /** A session was stable. */
  readonly onStable: () => Effect.Effect<void>
}

export class SessionLifecycle {
  current: ActiveSession | undefined = undefined

  private readonly owner: SessionLifecycleOwner
  private opened = 0
  /** The open session's subprotocol as it may be shown. */
  private subprotocol = Option.none<string>()
  /** When the last session ended or, before the first one, the first dial began. */
  private downNanos: bigint | undefined = undefined
  private finalizing: Fiber.Fiber<void> | undefined = undefined
  private watchers: Set<SessionWatcher> | undefined = undefined
  private preludes: Preludes | undefined = undefined

  constructor(owner: SessionLifecycleOwner) {
    this.owner = owner
  }

  /** Calls the watcher for every session that opens; the result stops it. */
  watch(watcher: SessionWatcher): () => void {
    const watchers = this.watchers ??= new Set()
    watchers.add(watcher)
    return () => watchers.delete(watcher)
  }

  /** Runs it first in every session from the next one on; the result stops that. */
  addPrelude(run: Prelude): () => void {
    return (this.preludes ??= new Preludes()).add(run)
  }

  /** The status now, with the latest facts of an open session. */
  get status(): ConnectionStatus {
    const published = this.owner.journal.status
    return published._tag === "Open" && this.current !== undefined ? this.openStatus(this.current) : published
  }

  private openStatus(session: ActiveSession) {
    return {
      _tag: "Open" as const,
      session: session.id,
      since: session.openedAt,
      subprotocol: this.subprotocol,
      rtt: Option.fromUndefinedOr(session.rtt),
      paused: session.link.paused()
    }
  }

  /** A dial begins: the downtime before the first session counts from here. */
  dialling(begun: bigint): void {
    this.downNanos ??= begun
  }

  /** Opens a session on a link that was greeted, and starts its heartbeat. */
  open(established: Established, linkScope: Scope.Closeable, dialBegun: bigint): Effect.Effect<ActiveSession> {
    return Effect.suspend(() => {
      const preludes = this.preludes === undefined || this.preludes.isEmpty ? undefined : this.preludes
      const now = this.owner.clock.monotonicTimeNanosUnsafe()
      const downtime = Duration.nanos(now - this.downNanos!)
      const first = preludes && { preludes, downtime, previous: this.owner.attempts.previous }
      const session = this.begin(established, linkScope, { now, dialBegun, downtime, held: first !== undefined })
      const guarded = Effect.as(this.guard(session, established.heartbeat), session)
      return first === undefined ? guarded : Effect.andThen(this.play(session, first), guarded)
    })
  }

  /** In one go: the status, the readers, what `greet` left, live frames, the gate. */
  private begin(
    established: Established,
    linkScope: Scope.Closeable,
    opening: {
      readonly now: bigint
      readonly dialBegun: bigint
      readonly downtime: Duration.Duration
      /** Something goes first, and the gate stays shut until then. */
      readonly held: boolean
    }
  ): ActiveSession {
    const { attempts, inbox, journal, outbox } = this.owner
    const { leftover, link, observed } = established
    const { dialBegun, downtime, held, now } = opening
    const session: ActiveSession = new ActiveSession({
      id: ++this.opened,
      attempt: attempts.number,
      link,
      scope: observed.scope,
      linkScope,
      openedAt: journal.now(),
      openedNanos: now,
      onEnd: () => this.owner.signal()
    })
    observed.observe((cause) => session.failWith(cause))
    this.current = session
    this.subprotocol = established.subprotocol
    // Whoever is told may act inside the publication: what they find there must be this session's.
    inbox.prepare(link)
    outbox.prepare(link, held)
    if (this.watchers !== undefined) { for (const watcher of [...this.watchers]) watcher(session) }
    journal.transition(this.openStatus(session))
    journal.meter.opened(Duration.nanos(now - dialBegun))
    journal.publish("Opened", () => ({
      session: session.id,
      attempt: session.attempt,
      downtime,
      previous: Option.fromUndefinedOr(attempts.previous)
    }))
    inbox.attach(link)
    for (const message of leftover) inbox.push(message, messageSize(message))
    link.receive({
      onMessage: (message, bytes) => inbox.push(message, bytes),
      onEnd: (error) => session.finish(Cause.fail(error))
    })
    if (!held) outbox.attach(link)
    return session
  }

  /** Runs the preludes, and opens the gate when they are over: a failure of one ends the session. */
  private play(
    session: ActiveSession,
    first: {
      readonly preludes: Preludes
      readonly downtime: Duration.Duration
      readonly previous: ConnectionError | undefined
    }
  ): Effect.Effect<void> {
    const { link } = session
    const told: PreludeSession = {
      id: session.id,
      endpoint: link.endpoint,
      subprotocol: link.subprotocol,
      downtime: first.downtime,
      previous: Option.fromUndefinedOr(first.previous),
      send: (message) =>
        Effect.suspend(() =>
          session.end === undefined
            ? this.owner.outbox.sendFirst(link, message)
            : Effect.fail(sendFailed(session.causeOfEnd))
        ),
      get ended() {
        return session.ended
      }
    }
    return Effect.map(Effect.forkIn(first.preludes.play(told), session.scope), (fiber) => {
      fiber.addObserver((exit) => {
        if (Exit.isSuccess(exit)) {
          if (this.current === session) this.owner.outbox.attach(link)
        } else if (session.scope.state._tag !== "Closed") {
          // From within, by whoever it shares its work with: an outage, not a defect.
          const interrupted = Cause.hasInterruptsOnly(exit.cause)
          session.failWith(interrupted ? Cause.fail("its prelude was interrupted") : exit.cause)
        }
      })
    })
  }

  /** Runs the heartbeat beside the session: however it ends, the session ends with it. */
  private guard(session: ActiveSession, greeted: Effect.Effect<never, unknown> | undefined): Effect.Effect<void> {
    const guard: Effect.Effect<never, unknown> = greeted ?? this.owner.services.heartbeat.guard(session.link, {
      attempt: session.attempt,
      inTurn: this.owner.outbox.inTurn,
      onRtt: (rtt) => this.onRtt(session, rtt)
    })
    return Effect.map(Effect.forkIn(guard, session.scope), (fiber) => {
      session.guard = fiber
      fiber.addObserver((exit) => {
        // It stopped because we leave the session.
        if (session.scope.state._tag === "Closed" || this.owner.isClosing) return
        const failed = Exit.isFailure(exit) && !Cause.hasInterruptsOnly(exit.cause)
        session.failWith(failed ? exit.cause : Cause.fail("its heartbeat stopped"))
      })
    })
  }

  private onRtt(session: ActiveSession, rtt: Duration.Duration): void {
    const { journal } = this.owner
    session.rtt = rtt
    if (this.current !== session || journal.status._tag !== "Open") return
    journal.meter.rtt(rtt)
    if (journal.isFollowed) journal.publishLater("PongReceived", () => ({ session: session.id, rtt }))
  }

  /** Tells everybody that a session has ended, and why; the socket is finished off in the background. */
  conclude(session: ActiveSession): Effect.Effect<ConnectionError> {
    return Effect.suspend(() => {
      const { attempts, clock, inboundWatch, inbox, journal, options, outbox, scope, services } = this.owner
      const end: SessionEnd = session.end ?? Cause.fail(attempts.error(new ConnectionClosed({})))
      const failure = Cause.findErrorOption(end)
      const error = Option.getOrElse(failure, () => attempts.error(new ConnectionClosed({})))
      const now = clock.monotonicTimeNanosUnsafe()
      const uptime = Duration.nanos(now - session.openedNanos)
      inboundWatch.stop()
      inbox.detach()
      const unflushed = outbox.detach(error)
      session.settle(end)
      session.guard = undefined
      this.current = undefined
      attempts.previous = error
      this.downNanos = now
      journal.settle()
      journal.meter.disconnected(error.reason._tag, uptime)
      // With the transition that follows: who is told finds no status that says `Open`.
      journal.publishLater("Disconnected", () => ({ session: session.id, error, uptime, unflushed }))
      const stable = Duration.isGreaterThanOrEqualTo(uptime, services.reconnect.resetAfter)
      if (stable) attempts.restart()
      return Effect.gen({ self: this }, function*() {
        if (stable) yield* this.owner.onStable()
        yield* attempts.annotate(Effect.logDebug(`session ${session.id} ended: ${error.message}`), session)
        // Started after the transition that follows: no finalizer finds a status that says `Open`.
        this.finalizing = yield* Effect.forkIn(Scope.close(session.scope, Exit.void), scope)
        yield* finishOff(session, options.closeTimeout, scope)
        if (Option.isNone(failure)) return yield* Effect.failCause(end as Cause.Cause<never>)
        return error
      })
    })
  }

  /** Waits until the finalizers of the last session that ended have run. */
  get finalized(): Effect.Effect<void> {
    return Effect.suspend(() => this.finalizing === undefined ? Effect.void : Fiber.join(this.finalizing))
  }
}
