/**
 * Three ways to be handed the sessions of a connection: the next one, each one,
 * and each one with a fiber of one's own.
 */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Latch from "effect/Latch"
import type * as Pull from "effect/Pull"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { ConnectionError } from "../ConnectionError.ts"
import type { ActiveSession } from "./activeSession.ts"
import type { HandedOut, Session } from "./session.ts"
import type { Supervisor } from "./supervisor.ts"
import { Waiters, waitFor } from "./wait.ts"

/**
 * The newest session that this reader has not seen. It is told of a session
 * before that session's first frame, so that nothing is missed.
 */
class Reader {
  private latest: HandedOut | undefined = undefined
  private readonly waiters = new Waiters()
  private readonly supervisor: Supervisor
  private readonly stop: () => void

  constructor(supervisor: Supervisor) {
    this.supervisor = supervisor
    supervisor.want()
    const current = supervisor.current
    if (current !== undefined && current.end === undefined && !supervisor.isClosing) this.offer(current)
    this.stop = supervisor.lifecycle.watch((active) => this.offer(active))
  }

  private offer(active: ActiveSession): void {
    this.forget()
    this.latest = this.supervisor.handOut(active)
    this.waiters.wakeAll()
  }

  release(): void {
    this.stop()
    this.forget()
  }

  private forget(): void {
    this.latest?.place.release()
    this.latest = undefined
  }

  /** Fails once the connection is closed for good. */
  get next(): Effect.Effect<HandedOut, ConnectionError> {
    const take: Effect.Effect<HandedOut, ConnectionError> = Effect.suspend(() => {
      const latest = this.latest
      this.latest = undefined
      if (latest !== undefined && latest.active.end === undefined) return Effect.succeed(latest)
      if (this.supervisor.ending.isReached) return this.supervisor.ending.failure
      return waitFor((wake) => {
        const forget = this.waiters.add(wake)
        const forgetClosed = this.supervisor.ending.add(wake)
        return () => {
          forget()
          forgetClosed()
        }
      }, take)
    })
    return take
  }
}

const reader = (supervisor: Supervisor): Effect.Effect<Reader, never, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.sync(() => new Reader(supervisor)),
    (reader) => Effect.sync(() => reader.release())
  )

/** The open session as it is handed out, as soon as there is one. */
export const nextSession = (supervisor: Supervisor): Effect.Effect<HandedOut, ConnectionError> =>
  Effect.scoped(Effect.flatMap(reader(supervisor), (reader) => reader.next))

/** Each session as it opens; who is slow gets the latest. */
export const sessions = (supervisor: Supervisor): Stream.Stream<Session, ConnectionError> =>
  Stream.scoped(Stream.fromPull(Effect.map(reader(supervisor), (reader) =>
    Effect.matchEffect(reader.next, {
      onSuccess: (next) => Effect.succeed([next.session] as const),
      onFailure: (error): Pull.Pull<never, ConnectionError> =>
        supervisor.ending.closedByUs ? Cause.done() : Effect.fail(error)
    }))))

/** Runs `use` in the scope of each session. */
export const withSessions = <A, E, R>(
  supervisor: Supervisor,
  use: (session: Session) => Effect.Effect<A, E, R>
): Effect.Effect<void, E | ConnectionError, Exclude<R, Scope.Scope>> =>
  Effect.scopedWith((scope) =>
    Effect.gen(function*() {
      const reader_ = yield* Scope.provide(reader(supervisor), scope)
      while (true) {
        const next = yield* Effect.exit(reader_.next)
        if (Exit.isFailure(next)) {
          if (supervisor.ending.closedByUs) return
          return yield* Effect.failCause(next.cause)
        }
        yield* useSession(next.value, use)
      }
    })
  )

const useSession = <A, E, R>(
  { active, place, session }: HandedOut,
  use: (session: Session) => Effect.Effect<A, E, R>
): Effect.Effect<void, E, Exclude<R, Scope.Scope>> =>
  Effect.uninterruptibleMask((restore) =>
    Effect.gen(function*() {
      // Of its own, since a failure in the session's scope would end the session for everybody.
      const scope = yield* Scope.fork(active.scope)
      // The first, and so the last to run.
      const closed = Latch.makeUnsafe()
      yield* Scope.addFinalizer(scope, closed.open)
      // Made before the fiber, and so closed after it: what `use` acquired outlives `use` itself.
      const acquired = yield* Scope.fork(scope)
      const fiber = yield* Effect.forkIn(restore(Scope.provide(use(session), acquired)), scope, {
        startImmediately: true
      })
      const exit = yield* restore(Effect.tap(Fiber.await(fiber), (exit) =>
        // Done with this session: wait for its end, so that the next one is a new one.
        Exit.isSuccess(exit) ? active.ended : Effect.void)).pipe(
          Effect.onExit((waited) => {
            if (Exit.isSuccess(waited) && Exit.isSuccess(waited.value)) return close(active, scope, closed, waited)
            place.release()
            return close(active, scope, closed, Exit.isSuccess(waited) ? waited.value : waited)
          })
        )
      if (Exit.isSuccess(exit) || endedWithSession(active, exit.cause)) return
      return yield* Effect.failCause(exit.cause)
    })
  )

// In a fiber of the session, so that whoever waits for the session's finalizers before the next one opens waits for
// these too; where the session's own scope is being closed, it closes this one.
const close = (
  active: ActiveSession,
  scope: Scope.Closeable,
  closed: Latch.Latch,
  exit: Exit.Exit<unknown, unknown>
): Effect.Effect<void> =>
  Effect.suspend(() => {
    if (active.scope.state._tag === "Closed") return closed.await
    // As an exit, since a failure in the session's scope would end the session for everybody.
    const closing = Effect.forkIn(Effect.exit(Scope.close(scope, exit)), active.scope, {
      startImmediately: true,
      uninterruptible: true
    })
    return Effect.flatMap(closing, (fiber) => Effect.flatten(Fiber.join(fiber)))
  })

// A session that has ended interrupts `use`, or fails it first through its `receive` or `send`.
const endedWithSession = (active: ActiveSession, cause: Cause.Cause<unknown>): boolean =>
  active.end !== undefined &&
  cause.reasons.every((reason) =>
    Cause.isInterruptReason(reason) || (Cause.isFailReason(reason) && reason.error instanceof ConnectionError)
  )
