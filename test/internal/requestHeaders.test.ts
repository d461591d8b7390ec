import { assert, describe, it } from "@effect/vitest"
import { Redacted, Result } from "effect"
import { requestHeaders } from "../../src/internal/requestHeaders.ts"

const made = (input: unknown): Record<string, string> => ({ ...Result.getOrThrow(requestHeaders(input)) })
const problem = (input: unknown) => {
  const result = requestHeaders(input)
  assert.isTrue(Result.isFailure(result), JSON.stringify(input))
  return Result.isFailure(result) ? result.failure.message : ""
}

describe("the headers of a request", () => {
  it("are lower case, and none where none were given", () => {
    assert.deepStrictEqual(made({ "X-Id": "1", "Cookie": "a=b; c=d" }), { "x-id": "1", "cookie": "a=b; c=d" })
    assert.deepStrictEqual(made(undefined), {})
  })

  it("are unwrapped where they, or some of them, are redacted", () => {
    const token = Redacted.make("t")
    assert.deepStrictEqual(made({ authorization: token }), { authorization: "t" })
    assert.deepStrictEqual(made(Redacted.make({ authorization: token, a: "b" })), { authorization: "t", a: "b" })
  })

  it("may be pairs, the platform's Headers, several values of one name, or undefined", () => {
    assert.deepStrictEqual(made([["A", "1"], ["b", Redacted.make("2")]]), { a: "1", b: "2" })
    assert.deepStrictEqual(made(new Headers({ A: "1" })), { a: "1" })
    assert.deepStrictEqual(made({ a: ["1", Redacted.make("2")], b: undefined }), { a: "1, 2" })
  })

  it("may hold Host, spaces, tabs and Latin-1", () => {
    assert.deepStrictEqual(made({ Host: "h.example", a: "x y\tz é", empty: "" }), {
      host: "h.example",
      a: "x y\tz é",
      empty: ""
    })
  })

  it("never override what belongs to the handshake, in any case", () => {
    for (
      const name of [
        "Upgrade",
        "CONNECTION",
        "Sec-WebSocket-Key",
        "sec-websocket-version",
        "Sec-WebSocket-Extensions",
        "Sec-WebSocket-Anything",
        "Content-Length",
        "Transfer-Encoding",
        "Trailer"
      ]
    ) {
      assert.include(problem({ [name]: "x" }), `"${name}" belongs to the handshake`)
    }
    assert.include(problem({ "Sec-WebSocket-Protocol": "x" }), "`subprotocols`")
  })

  it("are refused where a name is no token, without what was put into the name", () => {
    assert.include(problem({ "authorization: Bearer secret": "" }), "\"authorization\"")
    for (
      const name of [
        "authorization: Bearer secret",
        "x\r\nsecret: 1",
        "x secret",
        "\nsecret",
        "",
        "x=secret",
        "ä:secret"
      ]
    ) {
      assert.notInclude(problem({ [name]: "v" }), "secret")
    }
  })

  it("are refused where a value could break out of its line, naming the header and not the value", () => {
    for (const value of ["secret\r\nEvil: 1", "secret\n", "secret\r", "secret\0"]) {
      const text = problem({ "X-Token": Redacted.make(value) })
      assert.include(text, "the value of \"X-Token\" holds a line break or NUL")
      assert.notInclude(text, "secret")
    }
    for (const value of ["secret\x07", "secret\x7f", "secret€"]) {
      const text = problem({ "X-Token": value })
      assert.include(text, "\"X-Token\" holds a control character")
      assert.notInclude(text, "secret")
    }
  })

  it("are refused where one is given twice, or with another type", () => {
    assert.include(problem({ Authorization: "a", authorization: "b" }), "\"authorization\" is given more than once")
    for (const value of [5, null, {}, [5], true]) assert.include(problem({ a: value }), "the value of \"a\" must be")
    for (const input of [null, 5, "a: b", true, [5], ["ab"], [[5, "a"]], () => 1]) {
      assert.include(problem(input), "invalid headers: must be a record")
    }
  })
})
