import { Result, Schema } from "effect"
import { describe, expect, it } from "vitest"
import { Entry, Head } from "../../../src/cli/recording/Recording.ts"

const decodes = (value: unknown) => Result.isSuccess(Schema.decodeUnknownResult(Entry)(value))

describe("a recording", () => {
  it("has a head that says what it is", () => {
    const head = { holdfast: "recording/1", startedAt: "2026-01-01T00:00:00.000Z", endpoint: "ws://x/" }
    expect(Schema.decodeUnknownSync(Head)(head)).toEqual(head)
    expect(Result.isFailure(Schema.decodeUnknownResult(Head)({ ...head, holdfast: "recording/2" }))).toBe(true)
  })

  it("has frames, and the ends of sessions", () => {
    expect([
      { at: 1, kind: "open" },
      { at: 1, kind: "open", subprotocol: "chat" },
      { at: 1, direction: "sent", kind: "text", data: "" },
      { at: 1, direction: "received", kind: "binary", base64: "AA==" },
      { at: 1, direction: "received", kind: "pong", base64: "" },
      { at: 1, direction: "received", kind: "close", code: 1000, reason: "" },
      { at: 1, kind: "lost", reason: "AbnormalClosure" }
    ].every(decodes)).toBe(true)
    expect([{}, { at: 1, kind: "text", data: "" }, { at: "1", kind: "open" }, { at: 1, kind: "other" }].some(decodes))
      .toBe(false)
  })
})
