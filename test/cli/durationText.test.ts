import { it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { describe, expect } from "vitest"
import { DurationText, printDuration } from "../../src/cli/durationText.ts"
import { parseDuration } from "../../src/cli/quantities.ts"

describe("a duration in JSON", () => {
  it.effect("is what a flag takes, and says what is wanted instead of something else", () =>
    Effect.gen(function*() {
      const decode = Schema.decodeUnknownEffect(DurationText)
      expect(yield* decode("1.5m")).toEqual(Duration.seconds(90))
      expect(String(yield* Effect.flip(decode("soon")))).toContain("a duration such as 250ms, 30s or 5m")
    }))

  it("is written as it is read", () => {
    for (const text of ["250ms", "1500ms", "30s", "5m", "90s", "0ms", "forever"]) {
      const duration = Duration.fromInputUnsafe(
        parseDuration(text).pipe((found) => found._tag === "Some" ? found.value : Duration.zero)
      )
      expect(printDuration(duration)).toBe(text)
    }
  })
})
