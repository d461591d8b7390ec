/**
 * Turns a failure into a decision: stop, or dial again after so long. One pacer
 * for each connection; it holds what `Reconnect` must not hold, the schedule's
 * position and the counts of retries since the last stable session.
 */
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Pull from "effect/Pull"
import * as Random from "effect/Random"
import * as Schedule from "effect/Schedule"
import type { ConnectionError, Reason } from "../ConnectionError.ts"
import type { Reconnect } from "../Reconnect.ts"
import * as Recovery from "../Recovery.ts"

/** What to do after a failure. */
export type Decision =
  | { readonly _tag: "Stop" }
  | {
    readonly _tag: "Wait"
    /** How long to wait, `floor` included. */
    readonly delay: Duration.Duration
    /** What the peer asked for at least; zero where it asked for nothing. */
    readonly floor: Duration.Duration
    readonly recovery: Recovery.Recovery
  }

export interface Pacer {
  /** Takes one step. A `classify` that throws is a defect. */
  readonly decide: (error: ConnectionError) => Effect.Effect<Decision>
  /** After a stable session: the schedule and the counts begin anew. */
  readonly reset: Effect.Effect<void>
}

type Step = Effect.Success<ReturnType<typeof Schedule.toStep<unknown, ConnectionError, never, never>>>

const stop: Decision = { _tag: "Stop" }

/** A pacer at its beginning. */
export const make = (reconnect: Reconnect["Service"]): Effect.Effect<Pacer> =>
  Effect.sync(() => {
    // One supervisor fiber steps it, so plain state will do.
    let step: Step | undefined
    const retries = new Map<string, number>()

    const mayRetry = (error: ConnectionError, atMost: number | undefined): boolean => {
      const key = keyOf(error.reason)
      const count = (retries.get(key) ?? 0) + 1
      if (atMost !== undefined && !(count <= atMost)) return false
      retries.set(key, count)
      return true
    }

    const scheduled = Effect.fnUntraced(function*(error: ConnectionError) {
      if (step === undefined) step = yield* Schedule.toStep(reconnect.schedule)
      const now = yield* Clock.currentTimeMillis
      return yield* Pull.catchDone(
        Effect.map(step(now, error), ([, delay]): Duration.Duration | undefined => delay),
        () => Effect.undefined
      )
    })

    return {
      decide: Effect.fnUntraced(function*(error) {
        const recovery = reconnect.classify(error)
        if (!Recovery.isRetry(recovery) || !mayRetry(error, recovery.atMost)) return stop
        const pause = yield* scheduled(error)
        if (pause === undefined) return stop
        const floor = recovery.notBefore === undefined ? Duration.zero : yield* draw(recovery.notBefore)
        const delay = Duration.max(floor, recovery.immediately ? Duration.zero : pause)
        // Waiting for ever is not trying again.
        return Duration.isFinite(delay) ? { _tag: "Wait", delay, floor, recovery } : stop
      }),
      reset: Effect.sync(() => {
        step = undefined
        retries.clear()
      })
    }
  })

// "Per reason and code": the close code, the HTTP status or the system's code, where there is one.
const keyOf = (reason: Reason): string => {
  switch (reason._tag) {
    case "SendFailed":
      return keyOf(reason.cause.reason)
    case "HandshakeRejected":
      return `${reason._tag} ${reason.status}`
    default:
      return "code" in reason ? `${reason._tag} ${reason.code}` : reason._tag
  }
}

const draw = ([low, high]: readonly [Duration.Duration, Duration.Duration]): Effect.Effect<Duration.Duration> => {
  const from = Math.max(0, Duration.toMillis(low))
  const to = Duration.toMillis(high)
  return to > from
    ? Effect.map(Random.nextBetween(from, to), Duration.millis)
    : Effect.succeed(Duration.millis(from))
}
