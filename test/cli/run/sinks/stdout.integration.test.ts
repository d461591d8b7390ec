import { it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { describe, expect } from "vitest"
import { failure } from "../../../../src/cli/failure.ts"
import { stdoutSink } from "../../../../src/cli/run/sinks/stdout.ts"
import { deliveries, make } from "../../../support/workbench.ts"

describe("a sink that is stdout", () => {
  it.live("has messages as they are, or NDJSON", () =>
    Effect.gen(function*() {
      for (const [options, json] of [[{}, false], [{ format: "ndjson" }, false], [{ format: "raw" }, true]] as const) {
        const { stdout, tools } = yield* make({ json })
        yield* Effect.scoped(
          Effect.flatMap(
            stdoutSink("stdout", { type: "stdout", ...options }),
            (sink) => sink.offer(deliveries("a", "b"))
          )
        ).pipe(Effect.provide(tools))
        if (json || "format" in options) expect(stdout().split("\n")[1]).toContain(`"text":"b"`)
        else expect(stdout()).toBe("a\nb\n")
      }
    }))

  it.live("does not let a message steer a terminal", () =>
    Effect.gen(function*() {
      const { stdout, tools } = yield* make({ terminal: true })
      yield* Effect.scoped(
        Effect.flatMap(stdoutSink("stdout", { type: "stdout" }), (sink) => sink.offer(deliveries("\u001b[2Ja")))
      ).pipe(Effect.provide(tools))
      expect(stdout()).toBe("\\x1b[2Ja\n")
    }))

  it.live("ends the whole where its reader has gone", () =>
    Effect.gen(function*() {
      const gone = failure("brokenPipe", "Whoever read the output has gone.")
      const { givenUp, tools } = yield* make({ write: () => Effect.fail(gone) })
      yield* Effect.scoped(
        Effect.flatMap(stdoutSink("stdout", { type: "stdout" }), (sink) => sink.offer(deliveries("a")))
      ).pipe(Effect.provide(tools))
      expect(givenUp).toEqual([gone])
    }))
})
