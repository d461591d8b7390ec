import { it } from "@effect/vitest"
import { Effect } from "effect"
import { readFileSync } from "node:fs"
import { describe, expect } from "vitest"
import { run } from "../support/cliProcess.ts"

describe("holdfast", () => {
  it.live("prints help that was asked for on stdout", () =>
    Effect.gen(function*() {
      const { code, stderr, stdout } = yield* run(["--help"])
      expect({ code, stderr }).toEqual({ code: 0, stderr: "" })
      expect(stdout).toContain("USAGE")
      expect(stdout).toContain("--json")
    }))

  it.live("prints help that was not asked for on stderr, and fails as usage does", () =>
    Effect.gen(function*() {
      const { code, stderr, stdout } = yield* run([])
      expect({ code, stdout }).toEqual({ code: 2, stdout: "" })
      expect(stderr).toContain("USAGE")
    }))

  it.live("says which flag is unknown, and where help is", () =>
    Effect.gen(function*() {
      const { code, stderr, stdout } = yield* run(["--jsonn"])
      expect({ code, stdout }).toEqual({ code: 2, stdout: "" })
      expect(stderr).toContain("--jsonn")
      expect(stderr).toContain("See holdfast --help")
      expect(stderr).not.toContain("USAGE")
    }))

  it.live("tells the version of the package", () =>
    Effect.gen(function*() {
      const { version } = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8"))
      const { code, stdout } = yield* run(["--version"])
      expect(code).toBe(0)
      expect(stdout).toContain(version)
    }))

  it.live("writes completions for shells", () =>
    Effect.gen(function*() {
      const { code, stdout } = yield* run(["--completions", "bash"])
      expect(code).toBe(0)
      expect(stdout).toContain("complete")
    }))
})
