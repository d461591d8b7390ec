// Real time that can leap, as it does for a machine that was suspended: timers stand still meanwhile, clocks do not.
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"

export interface LeapingClock {
  readonly clock: Clock.Clock
  readonly leap: (duration: Duration.Input) => Effect.Effect<void>
}

export const make: Effect.Effect<LeapingClock> = Effect.map(Clock.clockWith(Effect.succeed), (inner) => {
  let leapt = 0n
  const nanos = () => inner.currentTimeNanosUnsafe() + leapt
  const millis = () => inner.currentTimeMillisUnsafe() + Number(leapt / 1_000_000n)
  const monotonic = () => inner.monotonicTimeNanosUnsafe() + leapt
  return {
    clock: {
      currentTimeMillisUnsafe: millis,
      currentTimeMillis: Effect.sync(millis),
      currentTimeNanosUnsafe: nanos,
      currentTimeNanos: Effect.sync(nanos),
      monotonicTimeNanosUnsafe: monotonic,
      monotonicTimeNanos: Effect.sync(monotonic),
      sleep: (duration) => inner.sleep(duration)
    },
    leap: (duration) =>
      Effect.sync(() => {
        leapt += Duration.toNanosUnsafe(Duration.fromInputUnsafe(duration))
      })
  }
})
