/**
 * A deadline that looks once more before it judges.
 */
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"

// After a stalled event loop the timer fires before what lies in the kernel was
// read; and a TestClock may be set before a dial has come to its end. Each turn
// of Effect's scheduler reads the sockets on Node, and lets every fiber go on.
const turns = 16

const aFewTurns: Effect.Effect<void> = Effect.suspend(() => {
  let left = turns
  return Effect.whileLoop({ while: () => left-- > 0, body: () => Effect.yieldNow, step: () => {} })
})

/** Interrupts the effect at the deadline, and fails with `late` then; what is done by that time counts. */
export const within = <E2>(duration: Duration.Duration, late: () => E2) =>
<A, E, R>(
  self: Effect.Effect<A, E, R>
): Effect.Effect<A, E | E2, R> =>
  Effect.raceFirst(
    self,
    Effect.andThen(Effect.sleep(duration), Effect.andThen(aFewTurns, Effect.suspend(() => Effect.fail(late()))))
  )
