import { it } from "@effect/vitest"
import { Effect } from "effect"
import { getHeapSpaceStatistics, setFlagsFromString } from "node:v8"
import { describe, expect } from "vitest"
import { smallHeap } from "../../../src/cli/connect/smallHeap.ts"

const young = () => getHeapSpaceStatistics().find(({ space_name }) => space_name === "new_space")!.space_size

/** Much garbage, some of which lives for a while. */
const churn = () => {
  let kept: Array<object> = []
  for (let i = 0; i < 3_000_000; i++) {
    kept.push({ i })
    if (kept.length === 20_000) kept = []
  }
  return kept.length
}

describe("a small heap", () => {
  it.effect("does not grow with what flows through it", () =>
    Effect.gen(function*() {
      yield* Effect.acquireRelease(
        smallHeap,
        () => Effect.sync(() => setFlagsFromString("--semi-space-growth-factor=2"))
      )
      const before = young()
      churn()
      expect(young()).toBeLessThanOrEqual(before)
    }))
})
