/**
 * Is the peer there? Asks when nothing was received for an interval, and judges
 * when the question stayed unanswered: one sleeping fiber, one wake for a beat
 * where the timeout is as long as the interval, two where it is shorter.
 *
 * Times are monotonic nanoseconds of Effect's Clock.
 */
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Scope from "effect/Scope"
import { ConnectionError, HeartbeatTimeout } from "../ConnectionError.ts"
import type { GuardContext } from "../Heartbeat.ts"
import type { Link } from "../Link.ts"
import type { MakeAsker, Question } from "./askers.ts"

export interface Pace {
  readonly interval: Duration.Duration
  readonly timeout: Duration.Duration
}

const millisecond = 1_000_000n
const lateness = 100n * millisecond

/** How late a timer may fire and still be believed. */
export const lateAfter = (timeout: bigint): bigint => timeout / 4n > lateness ? timeout / 4n : lateness

/** Sleeps until a moment, in whole milliseconds as timers do, never too short. */
export const sleepUntil = (clock: Clock.Clock, moment: bigint): Effect.Effect<void> => {
  const left = moment - clock.monotonicTimeNanosUnsafe()
  return clock.sleep(Duration.millis(left <= millisecond ? 1 : Number((left + millisecond - 1n) / millisecond)))
}

/** Ends the link with the verdict, before anything else can give it another reason, and fails with it. */
export const bury = (
  link: Link,
  context: GuardContext | undefined,
  silentFor: bigint,
  pace: Pace
): Effect.Effect<never, ConnectionError> => {
  const error = new ConnectionError({
    reason: new HeartbeatTimeout({ silentFor: Duration.nanos(silentFor), ...pace }),
    attempt: context?.attempt ?? 0,
    endpoint: link.endpoint
  })
  return Effect.andThen(link.abort(error), Effect.fail(error))
}

/** Watches the link; never succeeds. */
export const watch = (
  link: Link,
  context: GuardContext | undefined,
  pace: Pace,
  makeAsker: MakeAsker
): Effect.Effect<never, ConnectionError> => Effect.scoped(loop(link, context, pace, makeAsker))

const loop = Effect.fnUntraced(function*(
  link: Link,
  context: GuardContext | undefined,
  pace: Pace,
  makeAsker: MakeAsker
): Effect.fn.Return<never, ConnectionError, Scope.Scope> {
  const clock = yield* Clock.Clock
  const interval = Duration.toNanosUnsafe(pace.interval)
  const timeout = Duration.toNanosUnsafe(pace.timeout)
  const tolerance = lateAfter(timeout)
  const percent = interval / 100n

  // The first question since the last sign of life, and what we know of our own backlog ahead of it.
  let question: Question | undefined
  let backlog = 0
  let heldUp = false
  let drainedAt = 0n
  let lastPaused = 0n
  let slack = earlier(percent, 20n * millisecond)
  // A defect of the user's own effect, which a child fiber would keep to itself.
  let broken: Cause.Cause<never> | undefined
  const check = (): Effect.Effect<void> => broken === undefined ? Effect.void : Effect.failCause(broken)

  const asker = yield* makeAsker(link, (answered) => {
    const rtt = clock.monotonicTimeNanosUnsafe() - (answered.sentAt ?? answered.askedAt)
    // The next question may go out early by the round trip, an interval after this one: no second wake for so little.
    slack = earlier(percent, later(20n * millisecond, rtt))
    context?.onRtt(Duration.nanos(rtt))
  })

  const observe = (now: bigint): void => {
    if (link.paused()) {
      // Nothing can be heard: whatever waits for an answer waits in vain, and silence is counted from the last
      // moment at which we are known not to have read.
      lastPaused = now
      question = undefined
      asker.forget()
    } else if (question !== undefined) {
      if (link.lastInbound() > question.heardBefore) question = undefined
      else if (backlog > 0) sampleBacklog(now, question)
    }
  }
  // A question that does not leave at once stands behind a full socket, from which bytes leave only because the
  // peer's host acknowledges others: slow, but not dead, and the queue in the kernel is still ahead of the answer.
  const sampleBacklog = (now: bigint, asked: Question): void => {
    if (asked.sentAt === undefined) heldUp = true
    const left = heldUp ? link.buffered() : 0
    if (left > 0 && left < backlog) drainedAt = now
    backlog = left
  }
  const askAt = (): bigint => later(link.lastInbound(), lastPaused) + interval
  const judgeAt = (asked: Question): bigint => later(asked.sentAt ?? asked.askedAt, drainedAt) + timeout
  const isDue = (now: bigint): boolean => question === undefined ? now + slack >= askAt() : now >= judgeAt(question)
  const wakeAt = (now: bigint): bigint => {
    if (question === undefined) return askAt()
    const judged = judgeAt(question)
    if (backlog > 0) return earlier(judged, now + timeout / 16n)
    const beat = question.askedAt + interval
    return beat > now ? earlier(judged, beat) : judged
  }

  let target = wakeAt(clock.monotonicTimeNanosUnsafe())
  while (true) {
    yield* sleepUntil(clock, target)
    yield* check()
    // Once a Close went out or came in, or the link is lost, its end is somebody else's to report.
    if (!link.writable()) return yield* Effect.never
    let now = clock.monotonicTimeNanosUnsafe()
    const isLate = now - target > tolerance
    observe(now)
    if (isDue(now)) {
      // Timers run before the sockets are read: what has arrived by now is heard before a verdict, and after a stall.
      if (question !== undefined || isLate) yield* Effect.yieldNow
      if (!link.writable()) return yield* Effect.never
      now = clock.monotonicTimeNanosUnsafe()
      observe(now)
      if (isDue(now)) {
        // A timer that fires late tells of us, not of the peer: ask afresh.
        if (question !== undefined && !isLate) {
          return yield* bury(link, context, now - link.lastInbound(), pace)
        }
        const asked: Question = { askedAt: now, sentAt: undefined, heardBefore: link.lastInbound() }
        question = asked
        backlog = link.buffered()
        heldUp = false
        drainedAt = 0n
        // Forked, since a write may wait for ever; the child ends with this fiber.
        const fiber = yield* Effect.forkChild(asker.ask(asked), { startImmediately: true })
        fiber.addObserver((exit) => {
          // A typed failure means that it was not sent, and the link tells why.
          if (Exit.isSuccess(exit)) asked.sentAt = clock.monotonicTimeNanosUnsafe()
          else if (Cause.hasDies(exit.cause)) broken = Cause.die(Cause.squash(exit.cause))
        })
        yield* check()
      }
    }
    target = wakeAt(now)
  }
})

const later = (a: bigint, b: bigint): bigint => a > b ? a : b
const earlier = (a: bigint, b: bigint): bigint => a < b ? a : b
