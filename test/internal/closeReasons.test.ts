import { assert, describe, it } from "@effect/vitest"
import { fromCloseFrame } from "../../src/internal/closeReasons.ts"

describe("the reason of a Close frame", () => {
  it.each([
    [1000, "NormalClosure"],
    [1001, "GoingAway"],
    [1002, "ProtocolViolation"],
    [1003, "UnsupportedData"],
    [1005, "NoStatus"],
    [1007, "InvalidPayload"],
    [1008, "PolicyViolation"],
    [1009, "MessageTooBig"],
    [1010, "MandatoryExtension"],
    [1011, "InternalError"],
    [1012, "ServiceRestart"],
    [1013, "TryAgainLater"],
    [1014, "BadGateway"],
    [3000, "Unauthorized"],
    [3003, "Forbidden"],
    [3008, "PeerTimeout"],
    [3001, "RegisteredClose"],
    [3999, "RegisteredClose"],
    [4000, "ApplicationClose"],
    [4999, "ApplicationClose"]
  ])("of %i is %s, with what the frame said", (code, tag) => {
    const reason = fromCloseFrame({ code, closeReason: "bye" })
    assert.deepStrictEqual([reason._tag, reason.code, reason.closeReason, reason.initiator], [tag, code, "bye", "peer"])
    assert.include(reason.message, `the peer closed the connection with ${code} (`)
    assert.include(reason.message, "it said \"bye\"")
    const ours = fromCloseFrame({ code: 4001, closeReason: "bye", initiator: "self" })
    assert.include(ours.message, "we closed the connection")
    assert.include(ours.message, "we said \"bye\"")
    assert.strictEqual(fromCloseFrame({ code, initiator: "self" }).initiator, "self")
  })

  it.each([0, 999, 1004, 1006, 1015, 1016, 2999, 5000, 65_535])(
    "of the illegal %i is a violation that we answered with 1002",
    (code) => {
      const reason = fromCloseFrame({ code, closeReason: "missed pongs" })
      assert.strictEqual(reason._tag, "ProtocolViolation")
      assert.strictEqual(reason.code, 1002)
      assert.strictEqual(reason.initiator, "self")
      assert.include(reason.message, `illegal close code ${code}`)
    }
  )

  it("need not be told its code where there is but one, and is a peer's where nobody is named", () => {
    for (
      const code of [1000, 1001, 1002, 1003, 1005, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3003, 3008]
    ) {
      const told = fromCloseFrame({ code, closeReason: "", initiator: "peer" })
      const Reason = told.constructor as new(fields: object) => typeof told
      assert.deepInclude(new Reason({}), { _tag: told._tag, code, closeReason: "", initiator: "peer" })
    }
  })

  it("says who began, and keeps a peer's text on one line", () => {
    assert.include(fromCloseFrame({ code: 1000, initiator: "self" }).message, "we closed the connection with 1000")
    assert.notInclude(fromCloseFrame({ code: 4001, closeReason: "a\nb" }).message, "\n")
    assert.notInclude(fromCloseFrame({ code: 4001 }).message, "it said")
  })
})
