/**
 * One socket's life, as the supervisor sees it.
 */
import * as Cause from "effect/Cause"
import type * as DateTime from "effect/DateTime"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import {
  ConnectionClosed,
  ConnectionError,
  fromCloseFrame,
  GreetingFailed,
  isConnectionError
} from "../ConnectionError.ts"
import type { Link } from "../Link.ts"
import { checkClose } from "./greeting.ts"
import { Places } from "./place.ts"
import type { CloseOptions } from "./session.ts"
import { Waiters, waitFor } from "./wait.ts"

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
  /** Those of the readers who were handed this session. */
  readonly places = new Places()
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

  /** Ends the session; only the first cause counts. */
  finish(end: SessionEnd): void {
    if (this.end !== undefined) return
    this.end = end
    this.places.end()
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

  /** Why nothing can be sent in it any more. */
  get causeOfEnd(): ConnectionError {
    return this.error ?? this.link.failure() ??
      new ConnectionError({ reason: new ConnectionClosed({}), attempt: this.attempt, endpoint: this.link.endpoint })
  }

  ownClose(close: { readonly code: number; readonly reason: string }): ConnectionError {
    return this.link.failure() ?? new ConnectionError({
      reason: fromCloseFrame({ code: close.code, closeReason: close.reason, initiator: "self" }),
      attempt: this.attempt,
      endpoint: this.link.endpoint
    })
  }
}
