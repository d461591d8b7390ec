import { assert, describe, it } from "vitest"
import { maxPing, pingRefusal } from "../../src/internal/linkPing.ts"

describe("a ping is refused", () => {
  it("where the transport has none, or for its length", () => {
    assert.include(pingRefusal(true, new Uint8Array()), { _tag: "InvalidRequest", option: "heartbeat" })
    const tooLong = pingRefusal(false, new Uint8Array(maxPing + 1))
    assert.strictEqual(tooLong.option, "ping payload")
    assert.include(tooLong.problem, "at most 125 bytes (RFC 6455 §5.5), not 126")
  })
})
