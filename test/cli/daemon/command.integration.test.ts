import { it } from "@effect/vitest"
import { Effect } from "effect"
import { describe, expect } from "vitest"
import { run } from "../../support/cliProcess.ts"

describe("the commands of daemons", () => {
  it.live("are in the help, but not those that are for nobody", () =>
    Effect.gen(function*() {
      const { stdout } = yield* run(["--help"])
      for (const name of ["start", "stop", "restart", "reload", "status", "logs", "send", "connections"]) {
        expect(stdout).toMatch(new RegExp(`^ +${name}\\b`, "m"))
      }
      expect(stdout).not.toContain("daemon-")
    }))

  it.live("tell their flags", () =>
    Effect.gen(function*() {
      const { stdout } = yield* run(["start", "--help"])
      for (const flag of ["--wait", "--http", "--connection", "--runtime-dir"]) expect(stdout).toContain(flag)
    }))

  it.live("refuse what makes no sense", () =>
    Effect.gen(function*() {
      const wrong = [
        ["start"],
        ["start", "feed.toml", "--wait", "soon"],
        ["stop", "feed", "--timeout", "x"],
        ["logs", "feed", "-n", "-1"],
        ["send", "feed"],
        ["send", "feed", "a", "b", "c"],
        ["status", ".."]
      ]
      for (const args of wrong) expect([args, (yield* run(args)).code]).toEqual([args, 2])
    }))
})
