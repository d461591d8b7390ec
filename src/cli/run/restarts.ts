/**
 * Something that is to run for ever, started again when it ends: at once where it
 * ran for long, later and later where it does not.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"

export interface Restarts {
  /** Milliseconds before the first restart. */
  readonly first: number
  /** The most milliseconds before a restart. */
  readonly cap: number
}

/** Runs it again and again; `onEnd` is told how long it is until the next time. */
export const restarting = <E, R>(
  run: Effect.Effect<string, E, R>,
  { cap, first }: Restarts,
  onEnd: (how: string, pause: number) => Effect.Effect<void>
): Effect.Effect<never, E, R> =>
  Effect.gen(function*() {
    for (let pause = first;;) {
      const begun = yield* Clock.currentTimeMillis
      const how = yield* run
      const lasted = (yield* Clock.currentTimeMillis) - begun
      // What has outlived the longest wait begins anew.
      const wait = lasted > cap ? first : pause
      yield* onEnd(how, wait)
      yield* Effect.sleep(wait)
      pause = Math.min(cap, wait * 2)
    }
  })
