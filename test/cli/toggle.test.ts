import { it } from "@effect/vitest"
import { Effect } from "effect"
import * as Flag from "effect/cli/Flag"
import { describe, expect } from "vitest"
import { toggle } from "../../src/cli/toggle.ts"
import { parsed } from "../support/flags.ts"

describe("a toggle", () => {
  const flags = { loud: toggle("loud", "Be loud").pipe(Flag.withAlias("l")) }

  it.effect("is off where it is not given", () =>
    Effect.gen(function*() {
      expect(yield* parsed(flags, [])).toEqual({ loud: false })
      expect(yield* parsed(flags, ["--loud"])).toEqual({ loud: true })
      expect(yield* parsed(flags, ["-l"])).toEqual({ loud: true })
    }))

  it.effect("has no form that turns it off", () =>
    Effect.gen(function*() {
      expect((yield* Effect.exit(parsed(flags, ["--no-loud"])))._tag).toBe("Failure")
    }))
})
