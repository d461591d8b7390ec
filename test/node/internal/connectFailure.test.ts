import { assert, describe, it } from "@effect/vitest"
import { connectFailure, type Phase } from "../../../src/node/internal/connectFailure.ts"

const error = (fields: Record<string, string>): Error => Object.assign(new Error(fields["message"]), fields)

describe("connectFailure", () => {
  it.each<[fields: Record<string, string>, during: Phase, phase: Phase, code: string]>([
    [{ code: "ECONNREFUSED", message: "connect ECONNREFUSED 127.0.0.1:1" }, "tcp", "tcp", "ECONNREFUSED"],
    [{ code: "ETIMEDOUT" }, "tcp", "tcp", "ETIMEDOUT"],
    [{ code: "EHOSTUNREACH" }, "tcp", "tcp", "EHOSTUNREACH"],
    [{ code: "ENOTFOUND", syscall: "getaddrinfo" }, "dns", "dns", "ENOTFOUND"],
    [{ code: "EAI_AGAIN" }, "tcp", "dns", "EAI_AGAIN"],
    [{ code: "EMFILE", syscall: "getaddrinfo" }, "tcp", "dns", "EMFILE"],
    [{ code: "ECONNRESET" }, "tls", "tls", "ECONNRESET"],
    [{ code: "ECONNRESET" }, "response", "response", "ECONNRESET"],
    [{ code: "CERT_HAS_EXPIRED" }, "tls", "tls", "CERT_HAS_EXPIRED"],
    [{ code: "UNABLE_TO_VERIFY_LEAF_SIGNATURE" }, "dns", "tls", "UNABLE_TO_VERIFY_LEAF_SIGNATURE"],
    [{ code: "ERR_TLS_CERT_ALTNAME_INVALID" }, "tls", "tls", "ERR_TLS_CERT_ALTNAME_INVALID"],
    [{ code: "EPROTO", reason: "wrong version number" }, "tls", "tls", "ERR_SSL_WRONG_VERSION_NUMBER"],
    [
      {
        code: "EPROTO",
        message: "write EPROTO 40:error:0A00010B:SSL routines:ssl3_get_record:wrong version number:x.c:1:"
      },
      "tls",
      "tls",
      "ERR_SSL_WRONG_VERSION_NUMBER"
    ],
    [{ code: "EPROTO" }, "tls", "tls", "EPROTO"],
    [{ code: "ECONNREFUSED" }, "proxy", "proxy", "ECONNREFUSED"],
    [{ code: "ENOTFOUND", syscall: "getaddrinfo" }, "proxy", "proxy", "ENOTFOUND"],
    [{ message: "something else" }, "response", "response", "UNKNOWN"]
  ])("takes %o during %s for a failure of %s with %s", (fields, during, phase, code) => {
    assert.deepInclude(connectFailure(error(fields), during), { _tag: "ConnectFailed", phase, code })
  })

  it("takes the first of several failures for all", () => {
    const all = new AggregateError([error({ code: "ECONNREFUSED", message: "first" }), error({ code: "EHOSTUNREACH" })])
    assert.deepInclude(connectFailure(all, "tcp"), { code: "ECONNREFUSED", detail: "first" })
    assert.deepInclude(connectFailure(new AggregateError([]), "tcp"), { code: "UNKNOWN" })
  })

  it("takes what Node's parser refuses for an answer that is no HTTP", () => {
    const failure = connectFailure(error({ code: "HPE_INVALID_CONSTANT", reason: "Expected HTTP/" }), "response")
    assert.deepInclude(failure, {
      _tag: "HandshakeInvalid",
      check: "http",
      expected: "an HTTP/1.1 response",
      actual: "HPE_INVALID_CONSTANT: Expected HTTP/"
    })
  })

  it("gives one short line, whatever was thrown", () => {
    const failure = connectFailure(error({ message: `one\ntwo ${"x".repeat(500)}` }), "response")
    assert(failure._tag === "ConnectFailed")
    assert.match(failure.detail, /^one two x+…$/)
    assert.deepInclude(connectFailure("text", "dns"), { code: "UNKNOWN", detail: "" })
    assert.deepInclude(connectFailure(undefined, "dns"), { code: "UNKNOWN", detail: "" })
  })
})
