import { it } from "@effect/vitest"
import { Effect } from "effect"
import { expect } from "vitest"
import { run } from "../../support/cliProcess.ts"

it.live("holdfast listen --help tells every flag", () =>
  Effect.gen(function*() {
    const { code, stderr, stdout } = yield* run(["listen", "--help"])
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" })
    for (const flag of ["--echo", "--once", "--binary", "--hex"]) expect(stdout).toContain(flag)
  }))
