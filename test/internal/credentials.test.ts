import { assert, describe, it } from "@effect/vitest"
import { Context, Effect, Option, References, Result } from "effect"
import * as credentials from "../../src/internal/credentials.ts"
import { InvalidRequest } from "../../src/internal/reasons.ts"

const parse = (input: unknown) =>
  typeof input === "string" ? Result.succeed(input) : Result.fail(new InvalidRequest({ option: "a", problem: "no" }))

const credential = (source: unknown) => Result.getOrThrow(credentials.make("a", source, parse, Context.empty()))

const attempt = { attempt: 2, previous: Option.none() }

describe("a credential", () => {
  it.effect("may be a value, an effect or a function of the attempt", () =>
    Effect.gen(function*() {
      assert.strictEqual(yield* credential("x").make(attempt), "x")
      assert.strictEqual(yield* credential(Effect.succeed("y")).make(attempt), "y")
      assert.strictEqual(
        yield* credential((context: { attempt: number }) => Effect.succeed(`z${context.attempt}`)).make(attempt),
        "z2"
      )
    }))

  it("is known, and checked, before the first attempt only where it is a value", () => {
    assert.deepStrictEqual(credential("x").known, Option.some("x"))
    assert.deepStrictEqual(credential(Effect.succeed(5)).known, Option.none())
    assert.isTrue(Result.isFailure(credentials.make("a", 5, parse, Context.empty())))
  })

  it.effect("that is interrupted is interrupted, not failed", () =>
    Effect.gen(function*() {
      const exit = yield* Effect.exit(credential(Effect.interrupt).make(attempt))
      assert.isTrue(exit._tag === "Failure" && exit.cause.reasons.every((reason) => reason._tag === "Interrupt"))
    }))
})

describe("provide", () => {
  it.effect("keeps the log annotations of whoever runs the effect", () =>
    Effect.gen(function*() {
      const context = yield* Effect.context<never>().pipe(Effect.annotateLogs("where", "build"))
      const annotations = yield* credentials.provide(References.CurrentLogAnnotations.use(Effect.succeed), context)
        .pipe(
          Effect.annotateLogs("where", "attempt")
        )
      assert.deepStrictEqual({ ...annotations }, { where: "attempt" })
    }))
})
