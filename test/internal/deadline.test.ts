import { assert, describe, it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { TestClock } from "effect/testing"
import { within } from "../../src/internal/deadline.ts"
import { beside, settle } from "../support/connect.ts"

const aMinute = within(Duration.minutes(1), () => "late" as const)

/** Ends after so many turns of the scheduler, and no time at all. */
const afterTurns = (turns: number) =>
  Effect.as(Effect.forEach(Array.from({ length: turns }), () => Effect.yieldNow, { discard: true }), "done" as const)

describe("a deadline", () => {
  it.effect("interrupts what has not ended by then, and not before", () =>
    Effect.gen(function*() {
      let interrupted = false
      const fiber = yield* beside(Effect.exit(aMinute(Effect.onInterrupt(Effect.never, () =>
        Effect.sync(() => {
          interrupted = true
        })))))
      yield* TestClock.adjust("59999 millis")
      assert.isFalse(interrupted)
      yield* TestClock.adjust("1 milli")
      yield* settle
      assert.isTrue(interrupted)
      assert.isDefined(fiber.pollUnsafe())
    }))

  it.effect("takes what is ready when its timer fires, as after a stalled event loop", () =>
    Effect.gen(function*() {
      const fiber = yield* beside(aMinute(afterTurns(8)))
      yield* TestClock.adjust("2 minutes")
      assert.strictEqual(yield* Fiber.join(fiber), "done")
    }))

  it.effect("passes on a failure and a success", () =>
    Effect.gen(function*() {
      assert.strictEqual(yield* aMinute(afterTurns(1)), "done")
      assert.strictEqual(yield* Effect.flip(aMinute(Effect.fail("refused" as const))), "refused")
    }))
})
