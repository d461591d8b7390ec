/**
 * The closing handshake (RFC 6455 §7.1.2): of a connection that is closed for
 * good, which waits for it, and of a session that has ended, for which nobody
 * does.
 */
import * as Cause from "effect/Cause"
import type * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Scope from "effect/Scope"
import { ConnectionClosed } from "../ConnectionError.ts"
import type { ActiveSession } from "./activeSession.ts"
import type { Attempts } from "./attempts.ts"
import type { Journal } from "./journal.ts"
import type { Outbox } from "./outbox.ts"

export interface CloseRequest {
  readonly code: number
  readonly reason: string
}

/** Whose connection is closed. */
export interface Closing {
  readonly options: { readonly closeTimeout: Duration.Duration }
  readonly clock: Clock.Clock
  readonly journal: Journal
  readonly outbox: Outbox
  readonly attempts: Attempts
}

// After both Close frames TCP is the peer's to close (RFC 6455 §7.1.1); some never do.
const releaseGrace = Duration.seconds(1)

/** Stops accepting, flushes, says goodbye and waits for the answer: all within one bound. */
export const shutDown = (connection: Closing, session: ActiveSession, request: CloseRequest): Effect.Effect<void> =>
  Effect.gen(function*() {
    const { attempts, clock, journal, options, outbox } = connection
    const { link } = session
    journal.transition({ _tag: "Closing" })
    outbox.stop(attempts.error(new ConnectionClosed({})))
    if (session.guard !== undefined) yield* Fiber.interrupt(session.guard)
    const begun = clock.monotonicTimeNanosUnsafe()
    yield* Effect.ignore(outbox.drained).pipe(
      Effect.raceFirst(Effect.ignore(link.ended)),
      Effect.andThen(link.close(request.code, request.reason)),
      Effect.andThen(Effect.ignore(link.ended)),
      Effect.timeoutOption(options.closeTimeout)
    )
    yield* link.close(request.code, request.reason)
    const used = Duration.nanos(clock.monotonicTimeNanosUnsafe() - begun)
    const left = Duration.min(releaseGrace, Duration.subtract(options.closeTimeout, used))
    if (Duration.isPositive(left)) yield* Effect.timeoutOption(link.released, left)
    session.finish(Cause.fail(session.ownClose(request)))
  })

/** Gives the closing handshake of a session that has ended its time, in `scope`, without anybody waiting for it. */
export const finishOff = (
  session: ActiveSession,
  closeTimeout: Duration.Duration,
  scope: Scope.Scope
): Effect.Effect<void> => {
  const close = Scope.close(session.linkScope, Exit.void)
  if (session.link.writable()) {
    // A part of the user's failed: the peer is told that it was not its fault (RFC 6455 §7.4.1).
    return Effect.andThen(
      session.link.close(1011, ""),
      Effect.suspend(() => finishOff(session, closeTimeout, scope))
    )
  }
  if (!isOwed(session)) return close
  return session.link.released.pipe(
    Effect.raceFirst(Effect.sleep(closeTimeout)),
    Effect.andThen(close),
    Effect.forkIn(scope, { startImmediately: true }),
    Effect.asVoid
  )
}

// Nothing is owed to a link that died in silence or that we gave up.
const isOwed = (session: ActiveSession): boolean => {
  const tag = (session.link.failure() ?? session.error)?.reason._tag
  return tag !== "AbnormalClosure" && tag !== "HeartbeatTimeout" && tag !== "InboundOverflow"
}
