import { assert, describe, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { TestClock } from "effect/testing"
import { checkSend, expired, nothingWanted, replaced } from "../../src/internal/sendOptions.ts"

const wrong: ReadonlyArray<readonly [string, unknown]> = [
  ["expireAfter", { expireAfter: 0 }],
  ["expireAfter", { expireAfter: -1 }],
  ["expireAfter", { expireAfter: Infinity }],
  ["expireAfter", { expireAfter: "soon" }],
  ["expireAfter", { expireAfter: null }],
  ["replaceKey", { replaceKey: 5 }],
  ["send", "5 seconds"],
  ["send", null]
]

describe("checkSend", () => {
  it.effect("counts from now on, monotonically", () =>
    Effect.gen(function*() {
      const clock = yield* Clock.clockWith(Effect.succeed)
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(checkSend({ expireAfter: "2 seconds", replaceKey: "a" }, clock), {
        expiresAt: 3_000_000_000n,
        expireAfter: Duration.seconds(2),
        replaceKey: "a"
      })
      assert.deepStrictEqual(checkSend({}, clock), nothingWanted)
      assert.deepStrictEqual(checkSend({ replaceKey: "" }, clock), { ...nothingWanted, replaceKey: "" })
    }))

  for (const [option, options] of wrong) {
    it.effect(`${JSON.stringify(options)} is refused with the name of the option`, () =>
      Effect.gen(function*() {
        const clock = yield* Clock.clockWith(Effect.succeed)
        const refused = checkSend(options as never, clock)
        assert("_tag" in refused)
        assert.strictEqual(refused.option, option)
      }))
  }
})

describe("what such a send fails with", () => {
  it("says what happened", () => {
    assert.strictEqual(expired(Duration.seconds(2), "it rains").message, "it could not be sent within 2s: it rains")
    assert.strictEqual(replaced("price\n").message, "a newer message with the key \"price\\n\" took its place")
  })

  it("says whether sending it again could help", () => {
    assert.isTrue(expired(Duration.seconds(2), "it rains").isRetryable)
    assert.isFalse(replaced("a").isRetryable)
  })
})
