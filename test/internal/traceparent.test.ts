import { assert, describe, it } from "@effect/vitest"
import { Effect, Option } from "effect"
import { traceparent } from "../../src/internal/traceparent.ts"

describe("traceparent", () => {
  it.effect("names the trace and the span (W3C Trace Context §3.2)", () =>
    Effect.gen(function*() {
      const span = yield* Effect.currentSpan
      assert.deepStrictEqual(traceparent(span), Option.some(`00-${span.traceId}-${span.spanId}-01`))
    }).pipe(Effect.withSpan("attempt")))

  it.effect("is none for the span of a disabled tracer, whose ids nobody can read", () =>
    Effect.gen(function*() {
      const span = yield* Effect.makeSpan("attempt")
      assert.isTrue(Option.isNone(traceparent(span)))
    }).pipe(Effect.withTracerEnabled(false)))
})
