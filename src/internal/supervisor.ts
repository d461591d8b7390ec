/**
 * Dials, opens, watches, ends and dials again: one fiber at a time, and none
 * while a session is open and nothing is asked for.
 *
 * That fiber alone publishes transitions. It is called by three signals: a
 * session ended, a reconnect is wanted, a close is wanted.
 */
import * as Cause from "effect/Cause"
import type * as Clock from "effect/Clock"
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Scope from "effect/Scope"
import type { ConnectionError } from "../ConnectionError.ts"
import type { ConnectionStatus } from "../ConnectionStatus.ts"
import type { Handshake } from "../Handshake.ts"
import type { Heartbeat } from "../Heartbeat.ts"
import type { Reconnect } from "../Reconnect.ts"
import type { Transport } from "../Transport.ts"
import { ActiveSession } from "./activeSession.ts"
import { dialAndGreet, type Established } from "./attempt.ts"
import { Attempts } from "./attempts.ts"
import { type CloseRequest, shutDown } from "./closingHandshake.ts"
import type { CheckedOptions } from "./connectionOptions.ts"
import { Demand, type ReconnectRequest } from "./demand.ts"
import { Ending, type Terminal } from "./ending.ts"
import { InboundWatch } from "./inboundWatch.ts"
import { Inbox } from "./inbox.ts"
import { Journal, type JournalOwner } from "./journal.ts"
import { Outbox, type OutboxOwner } from "./outbox.ts"
import * as Pacer from "./pacer.ts"
import { redialWait } from "./redialWait.ts"
import { type HandedOut, makeSession } from "./session.ts"
import { SessionLifecycle } from "./sessionLifecycle.ts"

export interface Services {
  readonly transport: Transport["Service"]
  readonly handshake: Handshake["Service"]
  readonly heartbeat: Heartbeat["Service"]
  readonly reconnect: Reconnect["Service"]
}

export class Supervisor implements JournalOwner, OutboxOwner {
  readonly options: CheckedOptions
  readonly services: Services
  readonly clock: Clock.Clock
  readonly scope: Scope.Closeable
  private readonly context: Context.Context<never>

  readonly attempts: Attempts
  readonly journal: Journal
  readonly inbox: Inbox
  readonly inboundWatch: InboundWatch
  readonly outbox: Outbox
  readonly lifecycle: SessionLifecycle
  readonly ending = new Ending()
  private pacer: Pacer.Pacer | undefined = undefined

  readonly demand: Demand
  /** A dial is on its way, or has opened; not any more once it failed, though the status says so a little longer. */
  private dialling = false
  /** There will be no other dial. */
  private finishing = false

  /** The fiber that works, or the one that ended the connection. */
  private worker: Fiber.Fiber<void> | undefined = undefined
  /** No fiber works: the next one goes on with the session that is open, if there is one. */
  private resting = false

  constructor(options: {
    readonly options: CheckedOptions
    readonly services: Services
    readonly clock: Clock.Clock
    readonly context: Context.Context<never>
    readonly fiber: Fiber.Fiber<unknown, unknown>
    readonly scope: Scope.Closeable
  }) {
    this.options = options.options
    this.services = options.services
    this.clock = options.clock
    this.scope = options.scope
    this.context = options.context
    this.demand = new Demand(options.options.start !== "lazy")
    this.attempts = new Attempts(this)
    this.lifecycle = new SessionLifecycle(this)
    this.journal = new Journal({
      status: { _tag: "Connecting", attempt: this.demand.wanted ? 1 : 0 },
      clock: options.clock,
      context: options.context,
      dispatcher: options.fiber.currentDispatcher,
      owner: this
    })
    this.inboundWatch = new InboundWatch(this)
    this.inbox = new Inbox(this.options.inbound, this.inboundWatch)
    this.outbox = new Outbox(this.options.outbound, this)
  }

  get name(): string {
    return this.attempts.name
  }

  get unnamed(): boolean {
    return this.attempts.unnamed
  }

  get status(): ConnectionStatus {
    return this.lifecycle.status
  }

  get current(): ActiveSession | undefined {
    return this.lifecycle.current
  }

  onTick(): void {
    this.inbox.endBurst()
  }

  // ---------------------------------------------------------------------------
  // what the connection asks
  // ---------------------------------------------------------------------------

  /** A lazy connection is used for the first time. */
  want(): void {
    if (this.demand.wanted) return
    this.demand.wanted = true
    this.signal()
  }

  /** Whether a close was asked for. */
  get isClosing(): boolean {
    return this.demand.close !== undefined
  }

  /** Asks for a close, and waits until it is done. */
  close(request: CloseRequest): Effect.Effect<void> {
    return Effect.suspend(() => {
      if (!this.ending.isReached && this.demand.close === undefined) {
        this.demand.close = request
        this.signal()
      }
      return this.ending.reached
    })
  }

  /** Asks for another session, and waits until the one before has ended and this is seen to. False, once closed. */
  reconnect(request: ReconnectRequest): Effect.Effect<boolean> {
    return Effect.suspend(() => {
      if (this.finishing || this.demand.close !== undefined) return Effect.succeed(false)
      this.want()
      if (this.dialling) return Effect.succeed(true)
      this.demand.askReconnect(request)
      this.signal()
      return Effect.map(this.demand.takenUp, () => !this.finishing)
    })
  }

  handOut(active: ActiveSession): HandedOut {
    return makeSession(active, this.inbox, (message, options) => this.outbox.sendNow(message, options))
  }

  // ---------------------------------------------------------------------------
  // the fiber
  // ---------------------------------------------------------------------------

  /** Begins, unless the connection is lazy and nobody has used it yet. */
  start(): void {
    if (this.demand.wanted) this.work(this.loop(undefined))
    else this.resting = true
  }

  /** Waits until the last fiber of this supervisor is gone. */
  get ended(): Effect.Effect<void> {
    return Effect.suspend(() => this.worker === undefined ? Effect.void : Effect.asVoid(Fiber.await(this.worker)))
  }

  private work(loop: Effect.Effect<void>): void {
    this.worker = this.run(Effect.catchCause(loop, (cause) => this.finish({ _tag: "Died", cause })))
  }

  /** Something is asked for: wakes the fiber that waits for it, or starts one. Also from inside a socket's callback. */
  signal(): void {
    this.demand.wakeAll()
    if (!this.resting) return
    this.resting = false
    // It yields first, behind those who were told of the session before.
    this.work(Effect.andThen(Effect.yieldNow, this.loop(this.current)))
  }

  run(effect: Effect.Effect<void>): Fiber.Fiber<void> {
    return Effect.runForkWith(this.context)(effect)
  }

  /** Starts a fiber that lives no longer than the connection. */
  runInScope(effect: Effect.Effect<void>): Fiber.Fiber<void> {
    return Fiber.runIn(this.run(effect), this.scope)
  }

  /** Starts a fiber that lives no longer than the session. */
  runInSession(effect: Effect.Effect<void>): Fiber.Fiber<void> {
    return Fiber.runIn(this.run(effect), this.current?.scope ?? this.scope)
  }

  // ---------------------------------------------------------------------------
  // the loop
  // ---------------------------------------------------------------------------

  private loop(open: ActiveSession | undefined): Effect.Effect<void> {
    return Effect.gen({ self: this }, function*() {
      let session = open
      while (session !== undefined || this.demand.close === undefined) {
        const begun: ActiveSession | ConnectionError | undefined = session ?? (yield* this.attempt())
        session = undefined
        if (begun instanceof ActiveSession && !this.isCalled(begun)) {
          this.resting = true
          // Done, and not to be kept.
          this.worker = undefined
          return
        }
        const error = begun instanceof ActiveSession ? yield* this.leave(begun) : begun
        if (error === undefined || this.demand.close !== undefined) continue
        if (!(yield* this.wait(error))) return yield* this.finish({ _tag: "GaveUp", error })
      }
      yield* this.finish({ _tag: "ClosedByUs" })
    })
  }

  private finish(terminal: Terminal): Effect.Effect<void> {
    return Effect.suspend(() => {
      this.finishing = true
      // Whoever asked may be a finalizer that the end waits for.
      this.demand.takeUp()
      return this.ending.reach(terminal, this)
    })
  }

  /** Whether an open session has something to be done about. */
  private isCalled(session: ActiveSession): boolean {
    return session.end !== undefined || this.demand.close !== undefined || this.demand.reconnect !== undefined
  }

  /** One dial: the session that it opened, or why it failed; undefined where a close was asked for meanwhile. */
  private attempt(): Effect.Effect<ActiveSession | ConnectionError | undefined> {
    return Effect.gen({ self: this }, function*() {
      this.demand.reconnect = undefined
      this.dialling = true
      this.attempts.begin()
      const linkScope = yield* Scope.fork(this.scope)
      const begun = this.clock.monotonicTimeNanosUnsafe()
      this.lifecycle.dialling(begun)
      this.demand.takeUp()
      const established = yield* this.dial(linkScope)
      this.attempts.dialled()
      if (established !== undefined && Exit.isSuccess(established)) {
        this.dialling = false
        return yield* this.lifecycle.open(established.value, linkScope, begun)
      }
      yield* Scope.close(linkScope, Exit.void)
      return established === undefined ? undefined : yield* this.failed(established.cause)
    })
  }

  /** Dials and greets; undefined where a close was asked for meanwhile. */
  private dial(linkScope: Scope.Closeable): Effect.Effect<Exit.Exit<Established, ConnectionError> | undefined> {
    const { attempts, demand, lifecycle, scope, services } = this
    return attempts.annotate(dialAndGreet({
      services,
      attempt: attempts.number,
      previous: Option.fromUndefinedOr(attempts.previous),
      linkScope,
      connectionScope: scope,
      // The previous session's finalizers are awaited before the next session is greeted.
      beforeGreet: lifecycle.finalized,
      inTurn: this.outbox.inTurn,
      onRequest: (endpoint) => attempts.requested(endpoint)
    })).pipe(
      Effect.exit,
      Effect.tap((exit) => Effect.sync(() => this.dialling = Exit.isSuccess(exit))),
      Effect.raceFirst(Effect.as(demand.closing, undefined))
    )
  }

  private failed(cause: Cause.Cause<ConnectionError>): Effect.Effect<ConnectionError> {
    return Effect.suspend(() => {
      const failure = Cause.findErrorOption(cause)
      if (Option.isNone(failure)) return Effect.failCause(cause as Cause.Cause<never>)
      this.outbox.attemptFailed(failure.value)
      return Effect.as(this.attempts.failed(failure.value), failure.value)
    })
  }

  /** Leaves an open session: why it ended; undefined where the next dial, or the close, needs no decision. */
  private leave(session: ActiveSession): Effect.Effect<ConnectionError | undefined> {
    return Effect.gen({ self: this }, function*() {
      if (session.end !== undefined) return yield* this.lifecycle.conclude(session)
      if (this.demand.close === undefined) {
        yield* session.closeWith(this.demand.reconnect!)
        yield* this.lifecycle.conclude(session)
      } else {
        yield* shutDown(this, session, this.demand.close)
        yield* this.lifecycle.conclude(session)
        yield* this.lifecycle.finalized
      }
      return undefined
    })
  }

  /** Waits for the next dial; false where the policy says stop. */
  private wait(error: ConnectionError): Effect.Effect<boolean> {
    return Effect.gen({ self: this }, function*() {
      this.pacer ??= yield* Pacer.make(this.services.reconnect)
      return yield* redialWait(this, this.pacer, error)
    })
  }

  /** A stable session starts the schedule again. */
  onStable(): Effect.Effect<void> {
    return this.pacer === undefined ? Effect.void : this.pacer.reset
  }
}
