/**
 * One socket's life, as the supervisor sees it, and the `Session` that a reader
 * is handed.
 */
import type { NonEmptyReadonlyArray } from "effect/Array"
import * as Cause from "effect/Cause"
import type * as DateTime from "effect/DateTime"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Pull from "effect/Pull"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import {
  ConnectionClosed,
  ConnectionError,
  fromCloseFrame,
  GreetingFailed,
  isConnectionError,
  SendFailed
} from "../ConnectionError.ts"
import type { HandshakeResponse, Link, Message } from "../Link.ts"
import { checkClose } from "./greeting.ts"
import type { Inbox } from "./inbox.ts"
import { Subscription } from "./subscription.ts"
import { Waiters, waitFor } from "./wait.ts"

/** A close code and reason; 1000 and none where not said. */
export interface CloseOptions {
  /** One that a client may send: 1000–1003, 1007–1011, 3000–4999. */
  readonly code?: number | undefined
  /** At most 123 bytes of UTF-8; a longer one is cut, with a warning (RFC 6455 §5.5). */
  readonly reason?: string | undefined
}

/**
 * One socket's life, from `Open` to its end.
 *
 * **Details**
 *
 * A session that was handed out already holds its subscription: `messages`
 * begins with the first frame after `greet`, kept up to the inbound mark until
 * it is run, and ends with the session. A second run of `messages` begins from
 * then on.
 */
export interface Session {
  /** Counts the sessions of a connection, from 1. */
  readonly id: number
  readonly openedAt: DateTime.Utc
  /** Origin and path; never credentials, never the query. */
  readonly endpoint: string
  readonly subprotocol: Option.Option<string>
  /** None where the platform does not tell (browsers). */
  readonly response: Option.Option<HandshakeResponse>
  /** What this session receives; ends, without an error, with the session. */
  readonly messages: Stream.Stream<Message>
  /** The next message of `messages`; fails with the reason of the session's end. */
  readonly receive: Effect.Effect<Message, ConnectionError>
  /** Like `Connection.send`, but fails once this session has ended. */
  readonly send: (message: Message) => Effect.Effect<void, ConnectionError>
  /** Ends this session with a Close frame; the connection dials again by its policy. */
  readonly end: (options?: CloseOptions) => Effect.Effect<void, ConnectionError>
  /** Waits for the end, and tells why. */
  readonly ended: Effect.Effect<ConnectionError>
}

/** Why a session ended: an error, or a defect in the user's own code. */
export type SessionEnd = Cause.Cause<ConnectionError>

export class ActiveSession {
  readonly id: number
  readonly attempt: number
  readonly link: Link
  readonly scope: Scope.Closeable
  /** Where the link lives: longer than the session, for the closing handshake. */
  readonly linkScope: Scope.Closeable
  readonly openedAt: DateTime.Utc
  readonly openedNanos: bigint
  rtt: Duration.Duration | undefined = undefined
  pausedNanos: bigint | undefined = undefined
  /** Set once; the supervisor is woken by it. */
  end: SessionEnd | undefined = undefined
  /** The error that everybody is told, published by the supervisor. */
  error: ConnectionError | undefined = undefined
  /** Its heartbeat. */
  guard: Fiber.Fiber<never, unknown> | undefined = undefined
  /** Holds what comes for those who were handed this session and have not begun to read. */
  private held: Subscription | undefined = undefined
  private holders = 0
  readonly onceEnded = new Waiters()
  private readonly onEnd: () => void

  constructor(options: {
    readonly id: number
    readonly attempt: number
    readonly link: Link
    readonly scope: Scope.Closeable
    readonly linkScope: Scope.Closeable
    readonly openedAt: DateTime.Utc
    readonly openedNanos: bigint
    readonly onEnd: () => void
  }) {
    this.id = options.id
    this.attempt = options.attempt
    this.link = options.link
    this.scope = options.scope
    this.linkScope = options.linkScope
    this.openedAt = options.openedAt
    this.openedNanos = options.openedNanos
    this.onEnd = options.onEnd
  }

  /** Somebody may read from here on. All of them share one subscription until they do, however many there are. */
  hold(inbox: Inbox): void {
    this.holders++
    this.held ??= inbox.subscribe({ parked: true, ofSession: true })
  }

  /** One of them reads; the result is a subscription of its own. */
  takeHeld(inbox: Inbox): Subscription {
    const held = this.held!
    if (--this.holders > 0) return inbox.fork(held)
    this.held = undefined
    return held
  }

  /** One of them never will. */
  letGo(inbox: Inbox): void {
    if (--this.holders > 0) return
    inbox.unsubscribe(this.held!)
    this.held = undefined
  }

  /** Ends the session; only the first cause counts. */
  finish(end: SessionEnd): void {
    if (this.end !== undefined) return
    this.end = end
    forgotten.unregister(this)
    this.onEnd()
  }

  /** Ends the session for a cause of the user's parts: a defect is a bug, anything else the session's end. */
  failWith(cause: Cause.Cause<unknown>): void {
    if (this.end !== undefined) return
    const failure = Cause.findErrorOption(cause)
    if (Option.isNone(failure)) return this.finish(cause as Cause.Cause<never>)
    this.finish(Cause.fail(
      isConnectionError(failure.value)
        ? failure.value
        : new ConnectionError({
          reason: new GreetingFailed({ cause: failure.value }),
          attempt: this.attempt,
          endpoint: this.link.endpoint
        })
    ))
  }

  /** Tells whoever waits for the end; `otherwise` is why where the session itself does not know. */
  settle(otherwise: SessionEnd): void {
    if (this.error !== undefined) return
    this.end ??= otherwise
    this.error = Option.getOrUndefined(Cause.findErrorOption(this.end))
    this.onceEnded.wakeAll()
  }

  /** Waits until the supervisor has told the end. */
  get ended(): Effect.Effect<ConnectionError> {
    const next: Effect.Effect<ConnectionError> = Effect.suspend(() => {
      if (this.error !== undefined) return Effect.succeed(this.error)
      if (this.end !== undefined && Cause.hasDies(this.end)) return Effect.failCause(this.end as Cause.Cause<never>)
      return waitFor((wake) => this.onceEnded.add(wake), next)
    })
    return next
  }

  /** Ends the session with a Close frame of ours. */
  close(options: CloseOptions | undefined): Effect.Effect<void, ConnectionError> {
    return Effect.flatMap(checkClose(options, this.attempt, this.link.endpoint), (close) => this.closeWith(close))
  }

  closeWith(close: { readonly code: number; readonly reason: string }): Effect.Effect<void> {
    return Effect.andThen(
      this.link.close(close.code, close.reason),
      Effect.sync(() => this.finish(Cause.fail(this.ownClose(close))))
    )
  }

  ownClose(close: { readonly code: number; readonly reason: string }): ConnectionError {
    return this.link.failure() ?? new ConnectionError({
      reason: fromCloseFrame({ code: close.code, closeReason: close.reason, initiator: "self" }),
      attempt: this.attempt,
      endpoint: this.link.endpoint
    })
  }
}

/** What a place has a right to, apart from the place, so that the place itself can be collected. */
interface Claim {
  readonly active: ActiveSession
  readonly inbox: Inbox
  /** Nothing was read yet, and nobody gave it up. */
  open: boolean
}

/**
 * A session that was handed out and thrown away, as by `awaitOpen` for the wait alone, has no reader that could still
 * come; keeping for it would cost more than all else that is done for a message.
 */
const forgotten = new FinalizationRegistry<Claim>((claim) => {
  if (claim.open) claim.active.letGo(claim.inbox)
})

/** A reader's place in what a session receives: it begins with the first message that this reader was to see. */
export class Place {
  private readonly active: ActiveSession
  private readonly inbox: Inbox
  private own: Subscription | undefined = undefined
  private released = false
  private readonly claim: Claim
  private hasRun = false

  constructor(active: ActiveSession, inbox: Inbox) {
    this.active = active
    this.inbox = inbox
    active.hold(inbox)
    this.claim = { active, inbox, open: true }
    // Until the session ends: a registration would keep it in memory.
    if (active.end === undefined) forgotten.register(this, this.claim, active)
  }

  /** What is read message by message, and by the first run. */
  get subscription(): Subscription {
    if (this.own !== undefined) return this.own
    this.claim.open = false
    return this.own = this.released ? this.subscribe(true) : this.active.takeHeld(this.inbox)
  }

  /** The subscription of a run: of the second and later ones from now on. */
  run(): Subscription {
    if (this.hasRun) return this.subscribe(false)
    this.hasRun = true
    const { subscription } = this
    this.inbox.activate(subscription)
    return subscription
  }

  /** The next single message. */
  get receive(): Effect.Effect<Message, ConnectionError> {
    return Effect.suspend(() =>
      Pull.catchDone(this.inbox.takeOne(this.subscription), () => {
        if (!this.inbox.serves(this.active.link)) return Effect.flatMap(this.active.ended, Effect.fail)
        // A run has ended, and its subscription with it.
        this.own = this.subscribe(true)
        return this.receive
      })
    )
  }

  /** This reader never came, or is gone. */
  release(): void {
    if (this.own !== undefined) this.inbox.unsubscribe(this.own)
    else if (!this.released) this.active.letGo(this.inbox)
    this.claim.open = false
    this.released = true
  }

  private subscribe(parked: boolean): Subscription {
    if (this.inbox.serves(this.active.link)) return this.inbox.subscribe({ parked, ofSession: true })
    const nothing = new Subscription({ parked, ofSession: true })
    nothing.end = Cause.done()
    return nothing
  }
}

/** A session, and its reader's place. */
export interface HandedOut {
  readonly active: ActiveSession
  readonly session: Session
  readonly place: Place
}

/** The session as one reader is handed it. */
export const makeSession = (
  active: ActiveSession,
  inbox: Inbox,
  send: (message: Message) => Effect.Effect<void, ConnectionError>
): HandedOut => {
  const place = new Place(active, inbox)
  const session: Session = {
    id: active.id,
    openedAt: active.openedAt,
    endpoint: active.link.endpoint,
    subprotocol: active.link.subprotocol,
    response: active.link.response,
    // A session ends for its readers without an error; `ended` says why.
    get messages() {
      return Stream.scoped(Stream.fromPull(Effect.map(
        Effect.acquireRelease(
          Effect.sync(() => place.run()),
          (taken) => Effect.sync(() => inbox.unsubscribe(taken))
        ),
        // The inbox finishes a session's subscriptions with `Done`.
        (taken) => inbox.take(taken) as Pull.Pull<NonEmptyReadonlyArray<Message>>
      )))
    },
    get receive() {
      return place.receive
    },
    send: (message) =>
      Effect.suspend(() =>
        active.error !== undefined || active.end !== undefined
          ? Effect.fail(
            new ConnectionError({
              reason: new SendFailed({
                delivery: "notSent",
                cause: active.error ?? causeOf(active)
              }),
              attempt: active.attempt,
              endpoint: active.link.endpoint
            })
          )
          : send(message)
      ),
    end: (options) => active.close(options),
    get ended() {
      return active.ended
    }
  }
  return { active, session, place }
}

const causeOf = (active: ActiveSession): ConnectionError =>
  active.link.failure() ??
    new ConnectionError({ reason: new ConnectionClosed({}), attempt: active.attempt, endpoint: active.link.endpoint })
