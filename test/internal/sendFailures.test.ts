import { assert, describe, it } from "@effect/vitest"
import { AbnormalClosure, ConnectionError } from "../../src/ConnectionError.ts"
import { neverConnected, notAMessage, sendFailed } from "../../src/internal/sendFailures.ts"

describe("the failure of a send", () => {
  it("is its cause's, with the attempt and the endpoint, and not sent unless said otherwise", () => {
    const cause = new ConnectionError({
      reason: new AbnormalClosure({ cause: undefined }),
      attempt: 3,
      endpoint: "ws://test/"
    })
    for (
      const [error, delivery] of [[sendFailed(cause), "notSent"], [sendFailed(cause, "unknown"), "unknown"]] as const
    ) {
      assert.include(error, { attempt: 3, endpoint: "ws://test/" })
      assert.include(error.reason, { _tag: "SendFailed", delivery, cause })
    }
  })

  it("names the option where what was sent is no message", () => {
    assert.include(notAMessage(), { _tag: "InvalidRequest", option: "message" })
  })

  it("is that nothing was connected where no session has been open", () => {
    assert.include(neverConnected().reason, { _tag: "ConnectFailed", code: "ENOTCONN" })
  })
})
