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
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Scope from "effect/Scope"
import {
  ConnectionClosed,
  ConnectionError,
  GreetingFailed,
  InboundOverflow,
  isConnectionError
} from "../ConnectionError.ts"
import type { ConnectionStatus } from "../ConnectionStatus.ts"
import type { Handshake } from "../Handshake.ts"
import type { Heartbeat } from "../Heartbeat.ts"
import type { Reconnect } from "../Reconnect.ts"
import type { Transport } from "../Transport.ts"
import { ActiveSession, type HandedOut, makeSession, type SessionEnd } from "./activeSession.ts"
import { dialAndGreet, type Established } from "./attempt.ts"
import type { CheckedOptions } from "./connectionOptions.ts"
import { Inbox, type InboxOwner } from "./inbox.ts"
import { Journal, type JournalOwner } from "./journal.ts"
import { messageSize } from "./messageSize.ts"
import { Outbox } from "./outbox.ts"
import * as Pacer from "./pacer.ts"
import { Waiters, waitFor } from "./wait.ts"

export interface Services {
  readonly transport: Transport["Service"]
  readonly handshake: Handshake["Service"]
  readonly heartbeat: Heartbeat["Service"]
  readonly reconnect: Reconnect["Service"]
}

/** How a connection ended for good. */
type Terminal =
  | { readonly _tag: "ClosedByUs" }
  | { readonly _tag: "GaveUp"; readonly error: ConnectionError }
  | { readonly _tag: "Died"; readonly cause: Cause.Cause<never> }

interface CloseRequest {
  readonly code: number
  readonly reason: string
}

interface ReconnectRequest extends CloseRequest {
  readonly respectFloor: boolean
}

/** Told, synchronously, of every session as it opens, before its first frame. */
export type SessionWatcher = (session: ActiveSession) => void

// After both Close frames TCP is the peer's to close (RFC 6455 §7.1.1); some never do.
const releaseGrace = Duration.seconds(1)

export class Supervisor implements InboxOwner, JournalOwner {
  readonly options: CheckedOptions
  readonly services: Services
  readonly journal: Journal
  readonly inbox: Inbox
  readonly outbox: Outbox

  private readonly clock: Clock.Clock
  private readonly context: Context.Context<never>
  private readonly scope: Scope.Closeable
  private pacer: Pacer.Pacer | undefined = undefined

  current: ActiveSession | undefined = undefined
  private terminal: Terminal | undefined = undefined
  private attempts = 0
  private dials = 0
  private sessions = 0
  private previous: ConnectionError | undefined = undefined
  /** When the last session ended or, before the first one, the first dial began. */
  private downNanos: bigint | undefined = undefined
  private endpoint: string | undefined = undefined
  private firstEndpoint: string | undefined = undefined
  private counted = false
  /** The open session's subprotocol as it may be shown. */
  private subprotocol = Option.none<string>()
  private wanted: boolean
  private closeRequest: CloseRequest | undefined = undefined
  private reconnectRequest: ReconnectRequest | undefined = undefined
  /** A dial is on its way, or has opened; not any more once it failed, though the status says so a little longer. */
  private dialling = false
  private closingScope: Fiber.Fiber<void> | undefined = undefined
  private pauseWatch: Fiber.Fiber<void> | undefined = undefined
  private guard: Fiber.Fiber<never, unknown> | undefined = undefined

  /** The fiber that works, or the last that did. */
  private worker: Fiber.Fiber<void> | undefined = undefined
  /** Set while no fiber works: what the next one goes on with. */
  private resting: { readonly session: ActiveSession | undefined } | undefined = undefined

  private readonly signals = new Waiters()
  private readonly onceClosed = new Waiters()
  private watchers: Set<SessionWatcher> | undefined = undefined

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
    this.context = options.context
    this.scope = options.scope
    this.wanted = options.options.start !== "lazy"
    this.journal = new Journal({
      status: { _tag: "Connecting", attempt: this.wanted ? 1 : 0 },
      clock: options.clock,
      context: options.context,
      dispatcher: options.fiber.currentDispatcher,
      owner: this
    })
    this.inbox = new Inbox(this.options.inbound, this)
    this.outbox = new Outbox(this.options.outbound, this.journal, (effect) => this.runInSession(effect))
  }

  get name(): string {
    // Later urls do not change it: it stands in metrics.
    return this.options.name ?? this.services.handshake.endpoint ?? this.firstEndpoint ?? "connection"
  }

  get unnamed(): boolean {
    return this.options.name === undefined && this.services.handshake.endpoint === undefined &&
      this.firstEndpoint === undefined
  }

  // ---------------------------------------------------------------------------
  // what the connection asks
  // ---------------------------------------------------------------------------

  /** A lazy connection is used for the first time. */
  want(): void {
    if (this.wanted) return
    this.wanted = true
    this.signal()
  }

  get isClosed(): boolean {
    return this.terminal !== undefined
  }

  /** Whether a close was asked for. */
  get isClosing(): boolean {
    return this.closeRequest !== undefined
  }

  /** Asks for a close, and waits until it is done. */
  close(request: CloseRequest): Effect.Effect<void> {
    return Effect.suspend(() => {
      if (this.terminal === undefined && this.closeRequest === undefined) {
        this.closeRequest = request
        this.signal()
      }
      return this.closed
    })
  }

  /** Waits until the connection is closed for good. */
  get closed(): Effect.Effect<void> {
    return Effect.suspend(() =>
      this.terminal !== undefined ? Effect.void : waitFor((wake) => this.onceClosed.add(wake), Effect.void)
    )
  }

  /** Asks for another session. False, once closed. */
  reconnect(request: ReconnectRequest): boolean {
    if (this.terminal !== undefined || this.closeRequest !== undefined) return false
    this.want()
    if (this.dialling) return true
    this.reconnectRequest = this.reconnectRequest === undefined || !request.respectFloor
      ? request
      : this.reconnectRequest
    this.signal()
    return true
  }

  /** Fails with what whoever waits on a closed connection is told. */
  get failure(): Effect.Effect<never, ConnectionError> {
    return Effect.suspend(() => {
      const terminal = this.terminal
      if (terminal?._tag === "GaveUp") return Effect.fail(terminal.error)
      if (terminal?._tag === "Died") return Effect.failCause(terminal.cause)
      return Effect.fail(this.error(new ConnectionClosed({})))
    })
  }

  /** Succeeds where we closed the connection, fails where it gave up. */
  get outcome(): Effect.Effect<void, ConnectionError> {
    return Effect.suspend(() => this.terminal?._tag === "ClosedByUs" ? Effect.void : this.failure)
  }

  get closedByUs(): boolean {
    return this.terminal?._tag === "ClosedByUs"
  }

  /** Calls the watcher for every session that opens; the result stops it. */
  watch(watcher: SessionWatcher): () => void {
    const watchers = this.watchers ??= new Set()
    watchers.add(watcher)
    return () => watchers.delete(watcher)
  }

  handOut(active: ActiveSession): HandedOut {
    return makeSession(active, this.inbox, (message) => this.outbox.sendNow(message))
  }

  /** Calls back when the connection is closed for good; the result cancels. */
  onClosed(wake: () => void): () => void {
    return this.onceClosed.add(wake)
  }

  // ---------------------------------------------------------------------------
  // the loop
  // ---------------------------------------------------------------------------

  /** Begins, unless the connection is lazy and nobody has used it yet. */
  start(): void {
    if (this.wanted) this.work(this.loop(undefined))
    else this.resting = { session: undefined }
  }

  /** Waits until the last fiber of this supervisor is gone. */
  get ended(): Effect.Effect<void> {
    return Effect.suspend(() => this.worker === undefined ? Effect.void : Effect.asVoid(Fiber.await(this.worker)))
  }

  private work(loop: Effect.Effect<void>): void {
    this.worker = this.run(Effect.catchCause(loop, (cause) => this.finish({ _tag: "Died", cause })))
  }

  /** Something is asked for: wakes the fiber that waits for it, or starts one. Also from inside a socket's callback. */
  private signal(): void {
    this.signals.wakeAll()
    if (this.resting === undefined) return
    const { session } = this.resting
    this.resting = undefined
    // It yields first, behind those who were told of the session before.
    this.work(Effect.andThen(Effect.yieldNow, this.loop(session)))
  }

  private loop(open: ActiveSession | undefined): Effect.Effect<void> {
    return Effect.gen({ self: this }, function*() {
      let session = open
      while (session !== undefined || this.closeRequest === undefined) {
        const begun: ActiveSession | ConnectionError | undefined = session ?? (yield* this.attempt())
        session = undefined
        if (begun instanceof ActiveSession && !this.isCalled(begun)) {
          this.resting = { session: begun }
          return
        }
        const error = begun instanceof ActiveSession ? yield* this.leave(begun) : begun
        if (error === undefined || this.closeRequest !== undefined) continue
        if (!(yield* this.pause(error))) return yield* this.finish({ _tag: "GaveUp", error })
      }
      yield* this.finish({ _tag: "ClosedByUs" })
    })
  }

  /** Whether an open session has something to be done about. */
  private isCalled(session: ActiveSession): boolean {
    return session.end !== undefined || this.closeRequest !== undefined || this.reconnectRequest !== undefined
  }

  /** One dial: the session that it opened, or why it failed; undefined where a close was asked for meanwhile. */
  private attempt(): Effect.Effect<ActiveSession | ConnectionError | undefined> {
    return Effect.gen({ self: this }, function*() {
      this.beginAttempt()
      const linkScope = yield* Scope.fork(this.scope)
      const begun = this.clock.monotonicTimeNanosUnsafe()
      this.downNanos ??= begun
      const established = yield* this.dial(linkScope)
      this.countAttempt()
      if (established !== undefined && Exit.isSuccess(established)) {
        const session = this.open(established.value, linkScope, begun)
        yield* this.watchLink(session, established.value.heartbeat)
        return session
      }
      yield* Scope.close(linkScope, Exit.void)
      return established === undefined ? undefined : yield* this.attemptFailed(established.cause)
    })
  }

  /** Leaves an open session: why it ended; undefined where the next dial, or the close, needs no decision. */
  private leave(session: ActiveSession): Effect.Effect<ConnectionError | undefined> {
    return Effect.gen({ self: this }, function*() {
      if (session.end !== undefined) return yield* this.conclude(session)
      if (this.closeRequest === undefined) {
        yield* session.closeWith(this.reconnectRequest!)
        yield* this.conclude(session)
      } else {
        yield* this.shutDown(session, this.closeRequest)
        yield* this.conclude(session)
        yield* Fiber.join(this.closingScope!)
      }
      return undefined
    })
  }

  private until(condition: () => boolean): Effect.Effect<void> {
    const check: Effect.Effect<void> = Effect.suspend(() =>
      condition() ? Effect.void : waitFor((wake) => this.signals.add(wake), check)
    )
    return check
  }

  private beginAttempt(): void {
    this.reconnectRequest = undefined
    this.dialling = true
    this.attempts++
    this.dials++
    const attempt = this.attempts
    const status = this.journal.status
    if (status._tag !== "Connecting" || status.attempt !== attempt || this.dials === 1) {
      this.journal.transition({ _tag: "Connecting", attempt })
    }
    this.counted = false
  }

  private requested(attempt: number, endpoint: string): void {
    this.endpoint = endpoint
    if (this.firstEndpoint === undefined) {
      this.firstEndpoint = endpoint
      this.journal.named()
    }
    this.countAttempt()
    this.journal.publish("Dialling", () => ({ attempt, endpoint }))
  }

  // Not before the name is known, or in the end.
  private countAttempt(): void {
    if (this.counted) return
    this.counted = true
    this.journal.attempted()
  }

  /** Dials and greets; undefined where a close was asked for meanwhile. */
  private dial(linkScope: Scope.Closeable): Effect.Effect<Exit.Exit<Established, ConnectionError> | undefined> {
    const attempt = this.attempts
    return dialAndGreet({
      services: this.services,
      attempt,
      previous: Option.fromUndefinedOr(this.previous),
      linkScope,
      connectionScope: this.scope,
      // The previous session's finalizers are awaited before the next session is greeted.
      beforeGreet: Effect.suspend(() => this.closingScope === undefined ? Effect.void : Fiber.join(this.closingScope)),
      onRequest: (endpoint) => this.requested(attempt, endpoint)
    }).pipe(
      Effect.annotateLogs({ connection: this.name, attempt }),
      Effect.exit,
      Effect.tap((exit) => Effect.sync(() => this.dialling = Exit.isSuccess(exit))),
      Effect.raceFirst(Effect.as(this.until(() => this.closeRequest !== undefined), undefined))
    )
  }

  private attemptFailed(cause: Cause.Cause<ConnectionError>): Effect.Effect<ConnectionError> {
    return Effect.suspend(() => {
      const failure = Cause.findErrorOption(cause)
      if (Option.isNone(failure)) return Effect.failCause(cause as Cause.Cause<never>)
      const error = failure.value
      this.previous = error
      this.outbox.attemptFailed(error)
      this.journal.publishLater("AttemptFailed", () => ({ attempt: this.attempts, error }))
      return Effect.as(this.log(Effect.logDebug(`attempt ${this.attempts} failed: ${error.message}`)), error)
    })
  }

  // ---------------------------------------------------------------------------
  // a session
  // ---------------------------------------------------------------------------

  /** In one go: the status, the readers, what `greet` left, live frames, the gate. */
  private open(established: Established, linkScope: Scope.Closeable, begun: bigint): ActiveSession {
    const { leftover, link, observed } = established
    const now = this.clock.monotonicTimeNanosUnsafe()
    const session: ActiveSession = new ActiveSession({
      id: ++this.sessions,
      attempt: this.attempts,
      link,
      scope: observed.scope,
      linkScope,
      openedAt: this.journal.now(),
      openedNanos: now,
      onEnd: () => this.signal()
    })
    observed.observe((cause) => this.endWith(session, cause))
    this.current = session
    this.subprotocol = established.subprotocol
    this.dialling = false
    // Whoever is told may act inside the publication: what they find there must be this session's.
    this.inbox.prepare(link)
    this.outbox.prepare(link)
    if (this.watchers !== undefined) { for (const watcher of [...this.watchers]) watcher(session) }
    this.journal.transition(this.openStatus(session))
    this.journal.opened(Duration.nanos(now - begun))
    this.journal.publish("Opened", () => ({
      session: session.id,
      attempt: session.attempt,
      downtime: Duration.nanos(now - this.downNanos!),
      previous: Option.fromUndefinedOr(this.previous)
    }))
    this.inbox.attach(link)
    for (const message of leftover) this.inbox.push(message, messageSize(message))
    link.receive({
      onMessage: (message, bytes) => this.inbox.push(message, bytes),
      onEnd: (error) => session.finish(Cause.fail(error))
    })
    this.outbox.attach(link)
    return session
  }

  /** The status now, with the latest facts of an open session. */
  get status(): ConnectionStatus {
    const published = this.journal.status
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

  /** Runs the heartbeat beside the session: however it ends, the session ends with it. */
  private watchLink(
    session: ActiveSession,
    greeted: Effect.Effect<never, unknown> | undefined
  ): Effect.Effect<void> {
    const guard: Effect.Effect<never, unknown> = greeted ?? this.services.heartbeat.guard(session.link, {
      attempt: session.attempt,
      onRtt: (rtt) => this.onRtt(session, rtt)
    })
    return Effect.map(Effect.forkIn(guard, session.scope), (fiber) => {
      this.guard = fiber
      fiber.addObserver((exit) => {
        // It stopped because we leave the session.
        if (session.scope.state._tag === "Closed" || this.closeRequest !== undefined) return
        const failed = Exit.isFailure(exit) && !Cause.hasInterruptsOnly(exit.cause)
        this.endWith(session, failed ? exit.cause : Cause.fail("its heartbeat stopped"))
      })
    })
  }

  /** Ends a session for a cause of the user's parts: a defect is a bug, anything else the session's end. */
  private endWith(session: ActiveSession, cause: Cause.Cause<unknown>): void {
    if (session.end !== undefined) return
    const failure = Cause.findErrorOption(cause)
    if (Option.isNone(failure)) return session.finish(cause as Cause.Cause<never>)
    session.finish(Cause.fail(
      isConnectionError(failure.value)
        ? failure.value
        : new ConnectionError({
          reason: new GreetingFailed({ cause: failure.value }),
          attempt: session.attempt,
          endpoint: session.link.endpoint
        })
    ))
  }

  /** Tells everybody that a session has ended; the socket is finished off in the background. */
  private conclude(session: ActiveSession): Effect.Effect<ConnectionError> {
    return Effect.suspend(() => {
      const end: SessionEnd = session.end ?? Cause.fail(this.error(new ConnectionClosed({})))
      const failure = Cause.findErrorOption(end)
      const error = Option.getOrElse(failure, () => this.error(new ConnectionClosed({})))
      const now = this.clock.monotonicTimeNanosUnsafe()
      const uptime = Duration.nanos(now - session.openedNanos)
      this.stopPauseWatch()
      this.inbox.detach()
      const unflushed = this.outbox.detach(error)
      session.error = Option.getOrUndefined(failure)
      session.onceEnded.wakeAll()
      this.current = undefined
      this.guard = undefined
      this.previous = error
      this.downNanos = now
      this.journal.settle()
      this.journal.disconnected(error.reason._tag, uptime)
      // With the transition that follows: who is told finds no status that says `Open`.
      this.journal.publishLater("Disconnected", () => ({ session: session.id, error, uptime, unflushed }))
      const stable = Duration.isGreaterThanOrEqualTo(uptime, this.services.reconnect.resetAfter)
      if (stable) this.attempts = 0
      return Effect.gen({ self: this }, function*() {
        if (stable && this.pacer !== undefined) yield* this.pacer.reset
        yield* this.log(Effect.logDebug(`session ${session.id} ended: ${error.message}`), session)
        // Started after the transition that follows: no finalizer finds a status that says `Open`.
        this.closingScope = yield* Effect.forkIn(Scope.close(session.scope, Exit.void), this.scope)
        yield* this.finishOff(session)
        if (Option.isNone(failure)) return yield* Effect.failCause(end as Cause.Cause<never>)
        return error
      })
    })
  }

  /** Gives a closing handshake its time, without anybody waiting for it. */
  private finishOff(session: ActiveSession): Effect.Effect<void> {
    const close = Scope.close(session.linkScope, Exit.void)
    if (session.link.writable()) {
      // A part of the user's failed: the peer is told that it was not its fault (RFC 6455 §7.4.1).
      return Effect.andThen(session.link.close(1011, ""), Effect.suspend(() => this.finishOff(session)))
    }
    // Nothing is owed to a link that died in silence or that we gave up.
    if (!this.isClosingHandshake(session)) return close
    return session.link.released.pipe(
      Effect.raceFirst(Effect.sleep(this.options.closeTimeout)),
      Effect.andThen(close),
      Effect.forkIn(this.scope, { startImmediately: true }),
      Effect.asVoid
    )
  }

  private isClosingHandshake(session: ActiveSession): boolean {
    const tag = (session.link.failure() ?? session.error)?.reason._tag
    return tag !== "AbnormalClosure" && tag !== "HeartbeatTimeout" && tag !== "InboundOverflow"
  }

  // ---------------------------------------------------------------------------
  // between sessions
  // ---------------------------------------------------------------------------

  /** Waits as the policy says; false where it says stop. */
  private pause(error: ConnectionError): Effect.Effect<boolean> {
    return Effect.gen({ self: this }, function*() {
      this.pacer ??= yield* Pacer.make(this.services.reconnect)
      const decision = yield* this.pacer.decide(error)
      if (decision._tag === "Stop") return false
      const { delay, floor, recovery } = decision
      const begun = this.clock.monotonicTimeNanosUnsafe()
      const next = this.attempts + 1
      this.journal.transition({ _tag: "Waiting", attempt: next, delay, cause: error })
      this.journal.publish("WaitScheduled", () => ({ attempt: next, delay, floor, recovery }))
      yield* this.sleepUnless(delay, () => this.reconnectRequest !== undefined)
      if (this.closeRequest !== undefined || this.reconnectRequest?.respectFloor !== true) return true
      const waited = Duration.nanos(this.clock.monotonicTimeNanosUnsafe() - begun)
      const rest = Duration.subtract(floor, waited)
      yield* this.sleepUnless(rest, () => this.reconnectRequest?.respectFloor === false)
      return true
    })
  }

  private sleepUnless(delay: Duration.Duration, condition: () => boolean): Effect.Effect<void> {
    if (!Duration.isPositive(delay)) return Effect.void
    return Effect.raceFirst(
      Effect.sleep(delay),
      this.until(() => this.closeRequest !== undefined || condition())
    )
  }

  // ---------------------------------------------------------------------------
  // the end
  // ---------------------------------------------------------------------------

  /** Stops accepting, flushes, says goodbye and waits for the answer: all within one bound. */
  private shutDown(session: ActiveSession, request: CloseRequest): Effect.Effect<void> {
    const link = session.link
    return Effect.gen({ self: this }, function*() {
      this.journal.transition({ _tag: "Closing" })
      this.outbox.stop(this.error(new ConnectionClosed({})))
      if (this.guard !== undefined) yield* Fiber.interrupt(this.guard)
      const begun = this.clock.monotonicTimeNanosUnsafe()
      yield* Effect.ignore(this.outbox.drained).pipe(
        Effect.raceFirst(Effect.ignore(link.ended)),
        Effect.andThen(link.close(request.code, request.reason)),
        Effect.andThen(Effect.ignore(link.ended)),
        Effect.timeoutOption(this.options.closeTimeout)
      )
      yield* link.close(request.code, request.reason)
      const used = Duration.nanos(this.clock.monotonicTimeNanosUnsafe() - begun)
      const left = Duration.min(releaseGrace, Duration.subtract(this.options.closeTimeout, used))
      if (Duration.isPositive(left)) yield* Effect.timeoutOption(link.released, left)
      session.finish(Cause.fail(session.ownClose(request)))
    })
  }

  private finish(terminal: Terminal): Effect.Effect<void> {
    return Effect.suspend(() => {
      if (this.terminal !== undefined) return Effect.void
      if (terminal._tag === "ClosedByUs" && this.journal.status._tag !== "Closing") {
        this.journal.transition({ _tag: "Closing" })
      }
      // What a defect left open.
      const session = this.current
      if (session !== undefined) {
        this.inbox.detach()
        this.outbox.detach(this.error(new ConnectionClosed({})))
      }
      return Effect.andThen(Scope.close(this.scope, Exit.void), this.settle(terminal))
    })
  }

  private settle(terminal: Terminal): Effect.Effect<void> {
    return Effect.suspend(() => {
      this.terminal = terminal
      const session = this.current
      this.current = undefined
      this.outbox.close(this.failure, terminal._tag === "ClosedByUs")
      this.inbox.finishAll(terminal._tag === "ClosedByUs" ? Cause.done() : this.failure)
      if (session !== undefined && session.error === undefined) {
        session.end ??= terminal._tag === "Died" ? terminal.cause : Cause.fail(this.error(new ConnectionClosed({})))
        session.error = Option.getOrUndefined(Cause.findErrorOption(session.end))
        session.onceEnded.wakeAll()
      }
      const cause = terminal._tag === "GaveUp" ? Option.some(terminal.error) : Option.none<ConnectionError>()
      const numbers = { cause, attempts: this.attempts, dials: this.dials }
      this.journal.settle()
      this.journal.transition({ _tag: "Closed", ...numbers })
      this.journal.publish("Closed", () => numbers)
      this.journal.finish()
      this.onceClosed.wakeAll()
      switch (terminal._tag) {
        case "ClosedByUs":
          return Effect.void
        case "GaveUp":
          return this.log(Effect.logWarning(
            `closed for good after ${this.dials} dials: ${terminal.error.message}`
          ))
        case "Died":
          return this.log(Effect.logError("closed by a defect", terminal.cause))
      }
    })
  }

  // ---------------------------------------------------------------------------
  // from inside the socket's callback
  // ---------------------------------------------------------------------------

  private onRtt(session: ActiveSession, rtt: Duration.Duration): void {
    session.rtt = rtt
    if (this.current !== session || this.journal.status._tag !== "Open") return
    this.journal.rtt(rtt)
    if (this.journal.isFollowed) this.journal.publishLater("PongReceived", () => ({ session: session.id, rtt }))
  }

  onTick(): void {
    this.inbox.endBurst()
  }

  get canPause(): boolean {
    return this.services.transport.capabilities.pause
  }

  onPause(): void {
    const session = this.current
    if (session === undefined) return
    session.pausedNanos = this.clock.monotonicTimeNanosUnsafe()
    this.journal.publishLater("Paused", () => ({ session: session.id }))
    this.pauseWatch = this.runInSession(Effect.flatMap(
      Effect.sleep(this.options.inbound.maxPause),
      () => Effect.sync(() => this.onOverflow(this.inbox.waitingBytes))
    ))
  }

  onResume(): void {
    const session = this.current
    this.stopPauseWatch()
    if (session === undefined || session.pausedNanos === undefined) return
    const pausedFor = Duration.nanos(this.clock.monotonicTimeNanosUnsafe() - session.pausedNanos)
    session.pausedNanos = undefined
    this.journal.publishLater("Resumed", () => ({ session: session.id, pausedFor }))
  }

  private stopPauseWatch(): void {
    this.pauseWatch?.interruptUnsafe()
    this.pauseWatch = undefined
  }

  onOverflow(bytes: number): void {
    const session = this.current
    if (session === undefined || session.end !== undefined) return
    const paused = session.pausedNanos === undefined
      ? Duration.zero
      : Duration.nanos(this.clock.monotonicTimeNanosUnsafe() - session.pausedNanos)
    const error = this.error(new InboundOverflow({ bytes, paused }))
    session.finish(Cause.fail(error))
    this.run(session.link.abort(error))
  }

  onThrown(defect: unknown): void {
    this.run(this.log(Effect.logError("a handler of `listen` threw", Cause.die(defect))))
  }

  onUnread(): void {
    this.run(this.log(Effect.logWarning(
      "nobody reads this connection's messages: the oldest are dropped. Run `messages`, `subscribe` or `listen`, " +
        "or set `inbound.unread` to \"discard\" or \"pause\""
    )))
  }

  // ---------------------------------------------------------------------------

  private error(reason: ConnectionError["reason"]): ConnectionError {
    return new ConnectionError({ reason, attempt: this.attempts, endpoint: this.endpoint ?? "" })
  }

  private log(effect: Effect.Effect<void>, session = this.current): Effect.Effect<void> {
    return Effect.annotateLogs(effect, {
      connection: this.name,
      attempt: session?.attempt ?? this.attempts,
      ...(session === undefined ? undefined : { session: session.id })
    })
  }

  private run(effect: Effect.Effect<void>): Fiber.Fiber<void> {
    return Effect.runForkWith(this.context)(effect)
  }

  private runInSession(effect: Effect.Effect<void>): Fiber.Fiber<void> {
    return Fiber.runIn(this.run(effect), this.current?.scope ?? this.scope)
  }
}
