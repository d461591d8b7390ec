import { it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { expect } from "vitest"
import { run } from "../../support/cliProcess.ts"

it.live("holdfast probe --help tells every flag, those for reaching the server too", () =>
  Effect.gen(function*() {
    const { code, stderr, stdout } = yield* run(["probe", "--help"])
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" })
    for (const flag of ["--pings", "--listen-for", "--answer-timeout", "--idle", "--idle-links", "--header", "--ca"]) {
      expect(stdout).toContain(flag)
    }
  }))
