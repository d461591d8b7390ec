import { it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { TestClock } from "effect/testing"
import { describe, expect } from "vitest"
import { restarting } from "../../../src/cli/run/restarts.ts"

describe("what is to run for ever", () => {
  it.effect("is started again later and later, and at once after it ran for long", () =>
    Effect.gen(function*() {
      const starts: Array<number> = []
      const told: Array<string> = []
      let runs = 0
      const once = Effect.gen(function*() {
        starts.push((yield* Clock.currentTimeMillis) / 1000)
        if (++runs === 5) yield* Effect.sleep("1 minute")
        return `ended ${runs}`
      })
      const fiber = yield* Effect.forkChild(
        restarting(once, { first: 1000, cap: 4000 }, (how, pause) =>
          Effect.sync(() =>
            void told.push(`${how} ${pause}`)
          )),
        { startImmediately: true }
      )
      yield* TestClock.adjust("2 minutes")
      yield* Fiber.interrupt(fiber)
      expect(starts.slice(0, 6)).toEqual([0, 1, 3, 7, 11, 72])
      expect(told.slice(0, 5)).toEqual(["ended 1 1000", "ended 2 2000", "ended 3 4000", "ended 4 4000", "ended 5 1000"])
    }))
})
