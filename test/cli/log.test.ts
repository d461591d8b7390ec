import { it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { afterEach, describe, expect, vi } from "vitest"
import * as log from "../../src/cli/log.ts"

afterEach(() => {
  vi.restoreAllMocks()
})

describe("Effect's log", () => {
  it.effect("becomes notes on stderr", () =>
    Effect.gen(function*() {
      const written = vi.spyOn(process.stderr, "write").mockReturnValue(true)
      yield* Effect.logWarning("messages were dropped").pipe(Effect.provide(log.layer))
      expect(written.mock.calls.map(([text]) => text)).toEqual(["messages were dropped\n"])
    }))

  it.effect("leaves out, by default, what is for debugging", () =>
    Effect.gen(function*() {
      const written = vi.spyOn(process.stderr, "write").mockReturnValue(true)
      yield* Effect.logDebug("detail").pipe(Effect.provide(log.layer))
      expect(written).not.toHaveBeenCalled()
    }))
})
