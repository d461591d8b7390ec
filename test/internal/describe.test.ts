import { assert, describe, it } from "@effect/vitest"
import { Cause, Data } from "effect"
import { describeUnknown } from "../../src/internal/describe.ts"

class NoToken extends Data.TaggedError("NoToken")<{ readonly message: string }> {}
class Bare extends Data.TaggedError("Bare") {}

describe("what somebody else threw", () => {
  it("is its message, with its code or tag where that says more", () => {
    assert.strictEqual(describeUnknown(new Error("boom")), "boom")
    assert.strictEqual(describeUnknown(new TypeError("boom")), "TypeError: boom")
    assert.strictEqual(describeUnknown(new NoToken({ message: "expired" })), "NoToken: expired")
    assert.strictEqual(
      describeUnknown(Object.assign(new Error("socket hang up"), { code: "ECONNRESET" })),
      "ECONNRESET: socket hang up"
    )
    assert.strictEqual(
      describeUnknown(Object.assign(new Error("connect ECONNREFUSED 127.0.0.1:1"), { code: "ECONNREFUSED" })),
      "connect ECONNREFUSED 127.0.0.1:1"
    )
  })

  it("is what Effect.tryPromise wrapped, not the wrapper", () => {
    assert.strictEqual(describeUnknown(new Cause.UnknownError(new Error("boom"))), "boom")
    assert.strictEqual(describeUnknown(new Cause.UnknownError(undefined, "no idea")), "UnknownError: no idea")
  })

  it("is its tag where it has no message", () => {
    assert.strictEqual(describeUnknown(new Bare()), "Bare")
    assert.strictEqual(describeUnknown({ _tag: "Plain" }), "Plain")
  })

  it("is one line of text whatever it was, never [object Object]", () => {
    assert.strictEqual(describeUnknown("not ready"), "not ready")
    assert.strictEqual(describeUnknown({ a: 1 }), "an unknown error")
    assert.strictEqual(describeUnknown(undefined), "undefined")
    assert.strictEqual(describeUnknown(null), "null")
    assert.strictEqual(describeUnknown(5), "5")
    assert.strictEqual(describeUnknown(Symbol("s")), "Symbol(s)")
  })
})
