import { describe, expect, it } from "vitest"
import { connectionFailure, failure } from "../../src/cli/failure.ts"
import * as E from "../../src/ConnectionError.ts"

const error = (reason: E.Reason) => new E.ConnectionError({ reason, endpoint: "ws://feed.example/" })
const refused = error(new E.ConnectFailed({ phase: "tcp", code: "ECONNREFUSED" }))

describe("a failure", () => {
  it("has the code of its kind", () => {
    expect(failure("config", "The config file is wrong.").exitCode).toBe(21)
  })

  it("says for a lost connection what the error says, and what to do", () => {
    const failed = connectionFailure(refused)
    expect(failed.exit).toBe("tcp")
    expect(failed.message).toBe(refused.message)
    expect(failed.advice).toContain("Check the port")
    expect(failed.cause).toBe(refused)
  })

  it("is giving up where another dial could have helped, and some were made", () => {
    const failed = connectionFailure(refused, { dials: 3 })
    expect(failed.exit).toBe("gaveUp")
    expect(failed.message).toContain("after 3 dials")
    expect(failed.message).toContain("ECONNREFUSED")
  })

  it("is the cause itself where no dial can help, however many were made", () => {
    const forbidden = error(new E.HandshakeRejected({ status: 403 }))
    expect(connectionFailure(forbidden, { dials: 3 }).exit).toBe("refused")
  })

  it.each([
    [new E.HandshakeRejected({ status: 404 }), "path"],
    [new E.HandshakeRejected({ status: 301 }), "--location"],
    [new E.HandshakeInvalid({ check: "accept" }), "probe"],
    [new E.HandshakeTimeout({ phase: "tls" }), "--handshake-timeout"],
    [new E.ConnectFailed({ phase: "tls", code: "CERT_HAS_EXPIRED" }), "--ca"]
  ])("advises on %s", (reason, word) => {
    expect(connectionFailure(error(reason)).advice).toContain(word)
  })

  it("gives no advice where it has none", () => {
    expect(connectionFailure(error(E.fromCloseFrame({ code: 4001 }))).advice).toBeUndefined()
  })
})
