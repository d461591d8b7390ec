import { assert, describe, it } from "@effect/vitest"
import { Option, Redacted, Result } from "effect"
import { requestUrl } from "../../src/internal/requestUrl.ts"

const made = (input: unknown) => Result.getOrThrow(requestUrl(input))
const problem = (input: unknown) => {
  const result = requestUrl(input)
  assert.isTrue(Result.isFailure(result), String(input))
  return Result.isFailure(result) ? result.failure.message : ""
}

describe("the url of a request", () => {
  it("takes ws and wss as they are", () => {
    assert.deepStrictEqual(made("wss://feed.example/v2?since=1"), {
      url: "wss://feed.example/v2?since=1",
      endpoint: "wss://feed.example/v2",
      authorization: Option.none()
    })
  })

  it("takes http and https as ws and wss, as browsers do", () => {
    assert.strictEqual(made("http://h.example:8080/a").url, "ws://h.example:8080/a")
    assert.strictEqual(made("https://h.example:443/a").url, "wss://h.example/a")
    assert.strictEqual(made("HTTPS://h.example").url, "wss://h.example/")
  })

  it("takes a string, a URL, and a Redacted of either", () => {
    const url = "wss://h.example/a"
    for (const input of [url, new URL(url), Redacted.make(url), Redacted.make(new URL(url))]) {
      assert.strictEqual(made(input).url, url)
    }
  })

  it("never has an empty path", () => {
    assert.strictEqual(made("wss://h.example").url, "wss://h.example/")
    assert.strictEqual(made("wss://h.example?q=1").url, "wss://h.example/?q=1")
    assert.strictEqual(made("ws+unix:/run/a.sock").url, "ws+unix:/run/a.sock:/")
    assert.strictEqual(made("ws+unix:/run/a.sock?q=1").url, "ws+unix:/run/a.sock:/?q=1")
  })

  it("reads a Unix socket and a request path, which may hold a colon", () => {
    assert.deepStrictEqual(made("ws+unix:/run/a.sock:/v1:batch?q=secret"), {
      url: "ws+unix:/run/a.sock:/v1:batch?q=secret",
      endpoint: "ws+unix:/run/a.sock:/v1:batch",
      authorization: Option.none()
    })
    assert.strictEqual(made("ws+unix:///run/a.sock:/b").url, "ws+unix:/run/a.sock:/b")
  })

  it("turns percent-decoded userinfo into Basic auth, and keeps it nowhere else", () => {
    const target = made("wss://user:p%40ss%20w%C3%B6rd@h.example/a?q=1")
    assert.deepStrictEqual(target, {
      url: "wss://h.example/a?q=1",
      endpoint: "wss://h.example/a",
      authorization: Option.some(`Basic ${Buffer.from("user:p@ss wörd").toString("base64")}`)
    })
    assert.deepStrictEqual(
      made("wss://user@h.example").authorization,
      Option.some(`Basic ${Buffer.from("user:").toString("base64")}`)
    )
  })

  it("refuses userinfo that Basic auth cannot carry", () => {
    assert.include(problem("wss://a%zz:p@h.example"), "percent-encoding")
    assert.include(problem("wss://a%3Ab:p@h.example"), "colon")
  })

  it("refuses a fragment, an empty one too (RFC 6455 §3)", () => {
    assert.include(problem("wss://h.example/a#top"), "fragment")
    assert.include(problem("wss://h.example/a#"), "fragment")
  })

  it("refuses other schemes, relative and broken urls, and what is no url at all", () => {
    assert.include(problem("ftp://h.example"), "must begin with ws://")
    assert.include(problem("localhost:8080"), "must begin with ws://")
    assert.include(problem("/feed"), "cannot be parsed")
    assert.include(problem("wss://"), "cannot be parsed")
    assert.include(problem("ws+unix:"), "must name a socket")
    assert.include(problem("ws+unix:/run/a.sock:v1"), "must name a socket and a request path")
    assert.include(problem("ws+unix://h.example/run/a.sock:/a"), "names a host")
    for (const input of [undefined, null, 5, {}, { href: 5 }, [], true, Redacted.make(5)]) {
      assert.include(problem(input), "invalid url: must be an absolute URL")
    }
  })

  it("never quotes the url it refuses: it may hold a secret anywhere", () => {
    for (
      const input of [
        "secret:secret@h.example/secret",
        "wss://secret:secret@h.example:99999/?secret",
        "wss://secret:secret%zz@h.example/?secret",
        "wss://u:p@h.example/?secret#secret",
        "//secret@h.example",
        "ws+unix://secret:secret@h/secret"
      ]
    ) {
      assert.notInclude(problem(input), "secret")
      assert.notInclude(JSON.stringify(requestUrl(input)), "secret")
    }
  })
})
