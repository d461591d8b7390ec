import { it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { describe, expect } from "vitest"
import { run } from "../../support/cliProcess.ts"

describe("the flags of holdfast run", () => {
  it.live("are told by its help", () =>
    Effect.gen(function*() {
      const { code, stdout } = yield* run(["run", "--help"])
      expect(code).toBe(0)
      for (const flag of ["--http", "--check", "--connection"]) expect(stdout).toContain(flag)
    }))

  it.live("need a config, and one that is there", () =>
    Effect.gen(function*() {
      const none = yield* run(["run"])
      expect([none.code, none.stdout]).toEqual([2, ""])
      const missing = yield* run(["run", "/no/such/file.toml"])
      expect([missing.code, missing.stderr]).toEqual([21, "There is no file /no/such/file.toml.\n"])
    }))

  it.live("are refused where they make no sense", () =>
    Effect.gen(function*() {
      const { code, stderr } = yield* run(["run", "--http", "9464", "/no/such/file.toml"])
      expect([code, stderr]).toEqual([2, `--http must be HOST:PORT, such as 127.0.0.1:9464; got "9464"\n`])
    }))
})
