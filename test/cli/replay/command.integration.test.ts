import { it } from "@effect/vitest"
import { Effect } from "effect"
import { expect } from "vitest"
import { run } from "../../support/cliProcess.ts"

it.live("holdfast replay --help tells every flag", () =>
  Effect.gen(function*() {
    const { code, stderr, stdout } = yield* run(["replay", "--help"])
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" })
    for (const flag of ["--listen", "--speed", "--loop", "--in-turn"]) expect(stdout).toContain(flag)
  }))
