import { assert, describe, it } from "@effect/vitest"
import { Duration, Equal, Result } from "effect"
import { nonNegativeDuration, positiveDuration, positiveOrInfiniteDuration } from "../../src/internal/duration.ts"

const garbage: ReadonlyArray<unknown> = [
  undefined,
  null,
  true,
  "10",
  "soon",
  "",
  Number.NaN,
  Symbol("s"),
  () => 1,
  [1],
  [1, 2, 3],
  { seconds: "x" },
  {},
  [Number.NaN, 0],
  "-Infinity",
  -1,
  -1n
]

describe("duration options", () => {
  it("takes everything that Effect takes as a duration", () => {
    for (const input of ["10 seconds", 10_000, 10_000_000_000n, [10, 0], { seconds: 10 }, Duration.seconds(10)]) {
      assert.isTrue(Equal.equals(positiveDuration("timeout", input), Result.succeed(Duration.seconds(10))))
    }
  })

  it("refuses garbage in a sentence that names the option, and never throws", () => {
    for (const parse of [positiveDuration, nonNegativeDuration, positiveOrInfiniteDuration]) {
      for (const input of garbage) {
        const result = parse("heartbeat.interval", input)
        assert.isTrue(Result.isFailure(result), String(input))
        if (Result.isFailure(result)) assert.include(result.failure.message, "invalid heartbeat.interval: must be ")
      }
    }
  })

  it("refuses zero where there must be time, and takes it where there need be none", () => {
    assert.isTrue(Result.isFailure(positiveDuration("timeout", 0)))
    assert.isTrue(Result.isFailure(positiveOrInfiniteDuration("timeout", 0)))
    assert.isTrue(Result.isSuccess(nonNegativeDuration("timeout", 0)))
  })

  it("takes infinity only where it is documented", () => {
    assert.isTrue(Result.isFailure(positiveDuration("timeout", "Infinity")))
    assert.isTrue(Result.isFailure(nonNegativeDuration("timeout", Duration.infinity)))
    assert.isTrue(Result.isSuccess(positiveOrInfiniteDuration("timeout", "Infinity")))
    assert.isTrue(Result.isSuccess(positiveOrInfiniteDuration("timeout", Number.POSITIVE_INFINITY)))
  })
})
