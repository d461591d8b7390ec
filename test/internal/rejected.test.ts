import { assert, describe, it } from "@effect/vitest"
import { Option } from "effect"
import { rejected } from "../../src/internal/rejected.ts"

describe("rejected", () => {
  it("is a reason with the status, the redacted headers, the body and the wait", () => {
    const reason = rejected({
      status: 503,
      headers: { "Retry-After": "30", "Set-Cookie": ["a=secret", "b=secret"], "Location": "/x?secret" },
      body: "overloaded"
    })
    assert.strictEqual(reason._tag, "HandshakeRejected")
    assert.strictEqual(reason.status, 503)
    assert.strictEqual(reason.body, "overloaded")
    assert.isTrue(Option.isSome(reason.retryAfter))
    assert.notInclude(JSON.stringify(reason), "secret")
    assert.include(reason.message, "HTTP 503")
    assert.include(reason.message, "30s")
  })

  it("keeps the first KiB of the body, cut on a code point", () => {
    const body = "x".repeat(1023) + "😀"
    assert.strictEqual(rejected({ status: 500, headers: {}, body }).body, "x".repeat(1023))
    assert.strictEqual(
      rejected({ status: 500, headers: {}, body: new TextEncoder().encode(body) }).body,
      "x".repeat(1023)
    )
  })

  it("names the target of a redirect without its query", () => {
    const reason = rejected({ status: 302, headers: { location: "https://u:secret@h.example/login?secret" } })
    assert.include(reason.message, "a redirect to https://h.example/login: use that URL")
    assert.notInclude(JSON.stringify(reason), "secret")
  })
})
