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

  it.live("says so as an object with --json, too", () =>
    Effect.gen(function*() {
      const { code, stderr } = yield* run(["connect", "--json", "--bogus", "ws://127.0.0.1:1"])
      expect(code).toBe(2)
      expect(JSON.parse(stderr)).toMatchObject({
        level: "error",
        event: "failed",
        message: expect.stringContaining("--bogus"),
        exit: "usage",
        exitCode: 2,
        advice: "See holdfast connect --help"
      })
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
