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
import type { Asker, MakeAsker, Question } from "./askers.ts"

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
): Effect.Effect<never, ConnectionError> =>
  Effect.scoped(Clock.clockWith((clock) => new Watch(clock, link, context, pace).run(makeAsker)))

// A class, and a loop without a generator: one of these stands beside every open session.
class Watch {
  private readonly clock: Clock.Clock
  private readonly link: Link
  private readonly context: GuardContext | undefined
  private readonly pace: Pace
  private readonly interval: bigint
  private readonly timeout: bigint
  private asker: Asker | undefined = undefined

  // The first question since the last sign of life, and what we know of our own backlog ahead of it.
  private question: Question | undefined = undefined
  private backlog = 0
  private heldUp = false
  private drainedAt = 0n
  private lastPaused = 0n
  private slack: bigint
  private target: bigint
  // A defect of the user's own effect, which a child fiber would keep to itself.
  private broken: Cause.Cause<never> | undefined = undefined

  constructor(clock: Clock.Clock, link: Link, context: GuardContext | undefined, pace: Pace) {
    this.clock = clock
    this.link = link
    this.context = context
    this.pace = pace
    this.interval = Duration.toNanosUnsafe(pace.interval)
    this.timeout = Duration.toNanosUnsafe(pace.timeout)
    this.slack = earlier(this.interval / 100n, 20n * millisecond)
    this.target = this.wakeAt(clock.monotonicTimeNanosUnsafe())
  }

  run(makeAsker: MakeAsker): Effect.Effect<never, ConnectionError, Scope.Scope> {
    return Effect.flatMap(
      makeAsker(this.link, (answered) => this.answered(answered), this.context?.inTurn),
      (asker) => {
        this.asker = asker
        return Effect.forever(this.beat, { disableYield: true })
      }
    )
  }

  private answered(question: Question): void {
    const rtt = this.clock.monotonicTimeNanosUnsafe() - (question.sentAt ?? question.askedAt)
    // The next question may go out early by the round trip, an interval after this one: no second wake for so little.
    this.slack = earlier(this.interval / 100n, later(20n * millisecond, rtt))
    this.context?.onRtt(Duration.nanos(rtt))
  }

  /** Sleeps until something may be due, and does it. */
  private get beat(): Effect.Effect<void, ConnectionError> {
    const woken = Effect.suspend(() => this.woken)
    return Effect.suspend(() => Effect.andThen(sleepUntil(this.clock, this.target), woken))
  }

  private get woken(): Effect.Effect<void, ConnectionError> {
    if (this.broken !== undefined) return Effect.failCause(this.broken)
    // Once a Close went out or came in, or the link is lost, its end is somebody else's to report.
    if (!this.link.writable()) return Effect.never
    const now = this.clock.monotonicTimeNanosUnsafe()
    const isLate = now - this.target > lateAfter(this.timeout)
    this.observe(now)
    if (!this.isDue(now)) {
      this.target = this.wakeAt(now)
      return Effect.void
    }
    // Timers run before the sockets are read: what has arrived by now is heard before a verdict, and after a stall.
    return this.question !== undefined || isLate
      ? Effect.andThen(Effect.yieldNow, Effect.suspend(() => this.due(isLate)))
      : this.due(isLate)
  }

  private due(isLate: boolean): Effect.Effect<void, ConnectionError> {
    if (!this.link.writable()) return Effect.never
    const now = this.clock.monotonicTimeNanosUnsafe()
    this.observe(now)
    if (!this.isDue(now)) {
      this.target = this.wakeAt(now)
      return Effect.void
    }
    // A timer that fires late tells of us, not of the peer: ask afresh.
    if (this.question !== undefined && !isLate) {
      return bury(this.link, this.context, now - this.link.lastInbound(), this.pace)
    }
    return this.ask(now)
  }

  private ask(now: bigint): Effect.Effect<void> {
    const asked: Question = { askedAt: now, isHeldBack: false, sentAt: undefined, heardBefore: this.link.lastInbound() }
    this.question = asked
    this.backlog = this.link.buffered()
    this.heldUp = false
    this.drainedAt = 0n
    const sent = () => {
      asked.sentAt = this.clock.monotonicTimeNanosUnsafe()
    }
    const asking = this.asker!.ask(asked, sent)
    if (asking === undefined) {
      this.target = this.wakeAt(now)
      return Effect.void
    }
    // Forked, since a write may wait for ever; the child ends with this fiber.
    return Effect.flatMap(Effect.forkChild(asking, { startImmediately: true }), (fiber) => {
      fiber.addObserver((exit) => {
        // A typed failure means that it was not sent, and the link tells why.
        if (Exit.isSuccess(exit)) sent()
        else if (Cause.hasDies(exit.cause)) this.broken = Cause.die(Cause.squash(exit.cause))
      })
      this.target = this.wakeAt(now)
      return this.broken === undefined ? Effect.void : Effect.failCause(this.broken)
    })
  }

  private observe(now: bigint): void {
    if (this.link.paused()) {
      // Nothing can be heard: whatever waits for an answer waits in vain, and silence is counted from the last
      // moment at which we are known not to have read.
      this.lastPaused = now
      this.question = undefined
      this.asker!.forget()
    } else if (this.question !== undefined) {
      if (this.link.lastInbound() > this.question.heardBefore) this.question = undefined
      else if (this.backlog > 0) this.sampleBacklog(now, this.question)
    }
  }

  // A question that does not leave at once stands behind a full socket, from which bytes leave only because the
  // peer's host acknowledges others: slow, but not dead, and the queue in the kernel is still ahead of the answer.
  private sampleBacklog(now: bigint, asked: Question): void {
    if (asked.sentAt === undefined) this.heldUp = true
    const left = this.heldUp ? this.link.buffered() : 0
    if (left > 0 && left < this.backlog) this.drainedAt = now
    this.backlog = left
  }

  private askAt(): bigint {
    return later(this.link.lastInbound(), this.lastPaused) + this.interval
  }

  private judgeAt(asked: Question): bigint {
    return later(asked.sentAt ?? asked.askedAt, this.drainedAt) + this.timeout
  }

  private isDue(now: bigint): boolean {
    if (this.question === undefined) return now + this.slack >= this.askAt()
    return !this.question.isHeldBack && now >= this.judgeAt(this.question)
  }

  private wakeAt(now: bigint): bigint {
    if (this.question === undefined) return this.askAt()
    if (this.question.isHeldBack) return now + this.interval
    const judged = this.judgeAt(this.question)
    if (this.backlog > 0) return earlier(judged, now + this.timeout / 16n)
    const beat = this.question.askedAt + this.interval
    return beat > now ? earlier(judged, beat) : judged
  }
}

const later = (a: bigint, b: bigint): bigint => a > b ? a : b
const earlier = (a: bigint, b: bigint): bigint => a < b ? a : b
