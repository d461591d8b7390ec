import { assert, describe, it } from "@effect/vitest"
import { closedBy, failedWith, reasonOf, textOf } from "../../src/internal/webSocketEnd.ts"

const event = { type: "close", target: undefined }

describe("the end of a platform's WebSocket", () => {
  it("has the code and the reason of the close event, or 1006 where it names none", () => {
    assert.deepStrictEqual(closedBy({ ...event, code: 4001, reason: "bye" }), { code: 4001, reason: "bye" })
    assert.deepStrictEqual(closedBy(event), { code: 1006, reason: "" })
  })

  it("with a Close frame is the reason of its code, begun by the peer", () => {
    assert.deepInclude(reasonOf({ code: 1001, reason: "deploy" }, "an error"), {
      _tag: "GoingAway",
      closeReason: "deploy",
      initiator: "peer"
    })
  })

  it("without one is abnormal, with what the error said, if it said anything", () => {
    assert.deepInclude(reasonOf({ code: 1006, reason: "" }, "read ECONNRESET"), {
      _tag: "AbnormalClosure",
      cause: { message: "read ECONNRESET" }
    })
    assert.deepInclude(reasonOf({ code: 1006, reason: "" }, undefined), { _tag: "AbnormalClosure", cause: undefined })
  })

  it.each([
    [undefined, undefined, ""],
    ["refused", undefined, "refused"],
    ["refused", { code: 1006, reason: "" }, "refused"],
    // Some platforms say the same twice.
    ["refused", { code: 1006, reason: "refused" }, "refused"],
    ["refused", { code: 1015, reason: "no TLS" }, "refused; no TLS; close code 1015"]
  ])("before the opening is told in one line: error %j, close %j", (error, closed, expected) => {
    assert.strictEqual(failedWith(error, closed), expected)
  })

  it.each([
    [{}, ""],
    [{ message: "Unexpected server response: 503" }, "Unexpected server response: 503"],
    [{ message: "", error: new Error("socket hang up") }, "socket hang up"],
    [{ error: new TypeError() }, ""],
    [{ error: null }, ""]
  ])("has the words of the error event %j, if it has any", (fields, expected) => {
    assert.strictEqual(textOf({ ...event, ...fields }), expected)
  })
})
