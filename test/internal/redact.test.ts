import { assert, describe, it } from "@effect/vitest"
import { joinHeaders, redactHeaders, redactUrl } from "../../src/internal/redact.ts"

describe("redactUrl", () => {
  it("takes out userinfo, and says that there was a query or a fragment", () => {
    assert.strictEqual(redactUrl("https://u:secret@h.example/login"), "https://h.example/login")
    assert.strictEqual(redactUrl("https://h.example/login?token=secret#x"), "https://h.example/login?<redacted>")
    assert.strictEqual(redactUrl("/login#access_token=secret"), "/login#<redacted>")
    assert.strictEqual(redactUrl("//u:secret@h.example/a"), "//h.example/a")
    assert.strictEqual(redactUrl("https://secret@with@ats@h.example/a"), "https://h.example/a")
  })

  it("leaves an address without secrets alone, garbage too", () => {
    for (const url of ["/a/b", "https://h.example:8443/a@b", "", "  ", "a b"]) assert.strictEqual(redactUrl(url), url)
  })
})

describe("redactHeaders", () => {
  it("redacts Set-Cookie and the query of Location, in any case, and keeps the rest", () => {
    assert.deepStrictEqual(
      {
        ...redactHeaders({
          "Set-Cookie": ["sid=secret", "b=secret"],
          "LOCATION": "/login?next=secret",
          "WWW-Authenticate": "Bearer realm=\"x\"",
          "server": "nginx"
        })
      },
      {
        "set-cookie": "<redacted>",
        "location": "/login?<redacted>",
        "www-authenticate": "Bearer realm=\"x\"",
        "server": "nginx"
      }
    )
  })
})

describe("joinHeaders", () => {
  it("joins what came several times, whichever way it was given", () => {
    assert.deepStrictEqual({ ...joinHeaders([["A", "1"], ["a", "2"], ["b", "3"]]) }, { a: "1, 2", b: "3" })
    assert.deepStrictEqual({ ...joinHeaders({ A: ["1", "2"], b: undefined }) }, { a: "1, 2" })
  })
})
