import { assert, describe, it } from "@effect/vitest"
import { Redacted, Result } from "effect"
import { requestSubprotocols } from "../../src/internal/requestSubprotocols.ts"

const problem = (input: unknown) => {
  const result = requestSubprotocols(input)
  assert.isTrue(Result.isFailure(result), JSON.stringify(input))
  return Result.isFailure(result) ? result.failure.message : ""
}

describe("the subprotocols of a request", () => {
  it("keep their order and their case, and may be redacted as a whole or each", () => {
    for (
      const input of [["b.V2", "a"], Redacted.make(["b.V2", "a"]), ["b.V2", Redacted.make("a")]]
    ) {
      assert.deepStrictEqual(Result.getOrThrow(requestSubprotocols(input)), ["b.V2", "a"])
    }
    assert.deepStrictEqual(Result.getOrThrow(requestSubprotocols(undefined)), [])
  })

  it("are unique tokens (RFC 6455 §4.1), and are not quoted, since some hold a secret", () => {
    assert.include(problem(["a", "secret", "secret"]), "invalid subprotocols: number 3 is there twice")
    for (const name of ["", "secret token", "secret,b", "secret\r\n", "sécret", 5, null]) {
      assert.include(problem(["a", name]), "number 2 is not a token")
      assert.notInclude(problem(["a", name]), "secret")
    }
  })

  it("are an array", () => {
    for (const input of ["chat", null, 5, {}, new Set(["a"])]) {
      assert.include(problem(input), "must be an array of strings")
    }
  })
})
