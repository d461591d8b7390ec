import { it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { expect } from "vitest"
import { run } from "../../support/cliProcess.ts"

it.live("holdfast chaos --help tells every flag", () =>
  Effect.gen(function*() {
    const { code, stderr, stdout } = yield* run(["chaos", "--help"])
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" })
    for (const flag of ["--listen", "--fault", "--faults", "--echo", "--feed", "--seed"]) {
      expect(stdout).toContain(flag)
    }
  }))
