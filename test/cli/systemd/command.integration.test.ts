import { it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { describe, expect } from "vitest"
import { run } from "../../support/cliProcess.ts"

describe("the flags of holdfast unit", () => {
  it.live("are explained", () =>
    Effect.gen(function*() {
      const { stdout } = yield* run(["unit", "--help"])
      expect(stdout).toContain("--user")
      expect(stdout).toContain("config")
    }))

  it.live("want a config", () =>
    Effect.gen(function*() {
      const { code, stderr } = yield* run(["unit"])
      expect(code).toBe(2)
      expect(stderr).toContain("config")
    }))
})
