import { it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { describe, expect } from "vitest"
import { run } from "../support/cliProcess.ts"

describe("the flags of every command", () => {
  it.live("are listed in the help", () =>
    Effect.gen(function*() {
      const { stdout } = yield* run(["--help"])
      for (const flag of ["--json", "--quiet, -q", "--verbose", "--color"]) expect(stdout).toContain(flag)
    }))
})
