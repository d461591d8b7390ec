import { it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { TestClock } from "effect/testing"
import { describe, expect } from "vitest"
import { error, problem, type Step, step, tellNobody, warning } from "../../../src/cli/probe/Step.ts"

const context = () => {
  const told: Array<Step> = []
  return {
    told,
    deadline: Duration.seconds(10),
    tell: (step: Step) => Effect.sync(() => void told.push(step))
  }
}

describe("a step", () => {
  it.effect("is told when it is over, with its time and verdict, and hands on its value", () =>
    Effect.gen(function*() {
      const { told, ...rest } = context()
      const one = Effect.delay(Effect.succeed([1, { text: "done" }] as const), "20 millis")
      const fiber = yield* Effect.forkChild(step(rest, "dns", one))
      yield* TestClock.adjust("20 millis")
      expect(yield* Fiber.join(fiber)).toBe(1)
      yield* step(rest, "tcp", Effect.succeed([1, { text: "so so", findings: [warning("slow")] }] as const))
      yield* step(
        rest,
        "frames",
        Effect.succeed([1, { text: "bad", findings: [warning("slow"), error("wrong")] }] as const)
      )
      expect(told).toMatchObject([
        { step: "dns", verdict: "ok", ms: 20, text: "done" },
        { step: "tcp", verdict: "warning" },
        { step: "frames", verdict: "failed" }
      ])
    }))

  it.effect("that fails is told, and stops the probe with its exit", () =>
    Effect.gen(function*() {
      const { told, ...rest } = context()
      const stopped = yield* Effect.flip(
        step(rest, "tls", Effect.fail(problem("tls", "no", error("why", "what to do"))))
      )
      expect(stopped).toMatchObject({ _tag: "Stopped", step: "tls", exit: "tls" })
      expect(told).toMatchObject([{
        verdict: "failed",
        text: "no",
        findings: [{ message: "why", advice: "what to do" }]
      }])
    }))

  it.effect("never outlives its deadline", () =>
    Effect.gen(function*() {
      const { told, ...rest } = context()
      const fiber = yield* Effect.forkChild(Effect.flip(step(rest, "answer", Effect.never)))
      yield* TestClock.adjust("10 seconds")
      expect(yield* Fiber.join(fiber)).toMatchObject({ exit: "timeout" })
      expect(told).toMatchObject([{ text: "not over within 10s", findings: [{ advice: expect.any(String) }] }])
    }))

  it.effect("may be told to nobody", () =>
    Effect.gen(function*() {
      expect(yield* tellNobody({ step: "dns", verdict: "ok", text: "" })).toBeUndefined()
    }))
})
