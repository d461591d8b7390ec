import { it } from "@effect/vitest"
import { Effect } from "effect"
import { describe, expect } from "vitest"
import { askPassphrase } from "../../src/cli/passphrase.ts"
import { surroundings } from "../support/flags.ts"

describe("a passphrase", () => {
  it.effect("cannot be asked for without a terminal", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(askPassphrase)
      expect(error).toMatchObject({ exit: "usage" })
      expect(error.message).toContain("--ask-passphrase")
    }).pipe(Effect.provide(surroundings())))
})
