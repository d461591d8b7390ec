import { assert, describe, it } from "@effect/vitest"
import { Duration, Schema } from "effect"
import * as Recovery from "../src/Recovery.ts"

const millis = (recovery: Recovery.Recovery) =>
  recovery._tag === "Retry" ? recovery.notBefore?.map((duration) => Duration.toMillis(duration)) : undefined

describe("a recovery", () => {
  it("stops, or retries at the schedule's pace unless told otherwise", () => {
    assert.isFalse(Recovery.isRetry(Recovery.stop))
    assert.isTrue(Recovery.isRetry(Recovery.retry()))
    assert.deepStrictEqual(Recovery.retry(), {
      _tag: "Retry",
      notBefore: undefined,
      immediately: false,
      atMost: undefined
    })
  })

  it("takes one floor or a range of them", () => {
    assert.deepStrictEqual(millis(Recovery.retry({ notBefore: "30 seconds" })), [30_000, 30_000])
    assert.deepStrictEqual(millis(Recovery.retry({ notBefore: 5 })), [5, 5])
    assert.deepStrictEqual(millis(Recovery.retry({ notBefore: ["5 seconds", "30 seconds"] })), [5000, 30_000])
  })

  it("reads a pair of numbers as a range of milliseconds, not as seconds and nanoseconds", () => {
    assert.deepStrictEqual(millis(Recovery.retry({ notBefore: [100, 200] })), [100, 200])
  })

  it("never has a range that ends before it begins", () => {
    assert.deepStrictEqual(millis(Recovery.retry({ notBefore: ["30 seconds", "5 seconds"] })), [30_000, 30_000])
  })

  it("survives JSON", () => {
    const codec = Schema.toCodecJson(Recovery.Recovery)
    for (
      const recovery of [
        Recovery.stop,
        Recovery.retry(),
        Recovery.retry({ notBefore: ["5 seconds", "30 seconds"], immediately: true, atMost: 3 })
      ]
    ) {
      const json = JSON.parse(JSON.stringify(Schema.encodeSync(codec)(recovery)))
      const back = Schema.decodeUnknownSync(codec)(json)
      assert.strictEqual(back._tag, recovery._tag)
      assert.deepStrictEqual(millis(back), millis(recovery))
    }
  })
})
