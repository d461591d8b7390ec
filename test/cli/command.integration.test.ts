import { it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { describe, expect } from "vitest"
import { run } from "../support/cliProcess.ts"

describe("the command's tree", () => {
  it.live("says which subcommand is unknown", () =>
    Effect.gen(function*() {
      const { code, stderr } = yield* run(["conect"])
      expect(code).toBe(2)
      expect(stderr).toContain("conect")
    }))
})
