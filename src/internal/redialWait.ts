/**
 * The wait between two dials: as long as the policy says, unless somebody asks
 * for a session now.
 */
import type * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type { ConnectionError } from "../ConnectionError.ts"
import type { Attempts } from "./attempts.ts"
import type { Demand } from "./demand.ts"
import type { Journal } from "./journal.ts"
import type { Pacer } from "./pacer.ts"

/** Who waits. */
export interface Waiting {
  readonly clock: Clock.Clock
  readonly attempts: Attempts
  readonly demand: Demand
  readonly journal: Journal
}

/** Waits as the policy says; false where it says stop. */
export const redialWait = (
  { attempts, clock, demand, journal }: Waiting,
  pacer: Pacer,
  error: ConnectionError
): Effect.Effect<boolean> =>
  Effect.gen(function*() {
    const decision = yield* pacer.decide(error)
    if (decision._tag === "Stop") return false
    const { delay, floor, recovery } = decision
    const begun = clock.monotonicTimeNanosUnsafe()
    const next = attempts.number + 1
    journal.transition({ _tag: "Waiting", attempt: next, delay, cause: error })
    journal.publish("WaitScheduled", () => ({ attempt: next, delay, floor, recovery }))
    yield* demand.sleepUnless(delay, () => demand.reconnect !== undefined)
    if (demand.close !== undefined || demand.reconnect?.respectFloor !== true) return true
    // Cut short by somebody who respects what the peer asked for.
    demand.takeUp()
    const waited = Duration.nanos(clock.monotonicTimeNanosUnsafe() - begun)
    yield* demand.sleepUnless(Duration.subtract(floor, waited), () => demand.reconnect?.respectFloor === false)
    return true
  })
