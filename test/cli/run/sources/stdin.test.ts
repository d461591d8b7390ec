import { it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { badArgument } from "effect/PlatformError"
import * as Stdio from "effect/Stdio"
import * as Stream from "effect/Stream"
import { describe, expect } from "vitest"
import { readStdin } from "../../../../src/cli/run/sources/stdin.ts"
import * as linesReceived from "../../../support/linesReceived.ts"

describe("stdin", () => {
  it.effect("is sent line by line, and its end is no failure", () =>
    Effect.gen(function*() {
      const receiver = linesReceived.make()
      const stdin = Stream.fromIterable(["a\nb", "c\nd"].map((text) => Buffer.from(text)))
      yield* Effect.provide(readStdin(receiver), Stdio.layerTest({ stdin }))
      expect(receiver.lines).toEqual(["a", "bc", "d"])
      expect(receiver.told).toEqual(["ended"])
    }))

  it.effect("that cannot be read is told", () =>
    Effect.gen(function*() {
      const receiver = linesReceived.make()
      const stdin = Stream.fail(badArgument({ module: "Stdio", method: "stdin", description: "gone" }))
      yield* Effect.provide(readStdin(receiver), Stdio.layerTest({ stdin }))
      expect(receiver.told[0]).toContain("cannot be read: ")
    }))
})
