import { assert, describe, it } from "@effect/vitest"
import * as Result from "effect/Result"
import { oneOf, wholeNumber } from "../../src/internal/optionValues.ts"

describe("wholeNumber", () => {
  it("takes whole numbers above zero", () => {
    for (const value of [1, 64, Number.MAX_SAFE_INTEGER]) {
      assert.deepStrictEqual(wholeNumber("limit", value, "frames"), Result.succeed(value))
    }
  })

  it.each([0, -1, 1.5, NaN, Infinity, 2 ** 53, "5", null, undefined])("refuses %s, and says what to write", (value) => {
    const refused = wholeNumber("limit", value, "frames")
    assert(Result.isFailure(refused))
    assert.strictEqual(refused.failure.option, "limit")
    assert.strictEqual(
      refused.failure.problem,
      `${String(value)} is not a number of frames; use a whole number above 0`
    )
  })
})

describe("oneOf", () => {
  it("takes the words that it knows, and names them where it is given another", () => {
    const start = (value: unknown) => oneOf("start", value as "eager" | "lazy", ["eager", "lazy"])
    assert.deepStrictEqual(start("lazy"), Result.succeed<"eager" | "lazy">("lazy"))
    for (const value of ["soon", 5, undefined]) {
      const refused = start(value)
      assert(Result.isFailure(refused))
      assert.strictEqual(refused.failure.option, "start")
      assert.strictEqual(refused.failure.problem, `${JSON.stringify(value)} is unknown; use "eager", "lazy"`)
    }
  })
})
