import { describe, expect, it } from "vitest"
import { dialError } from "../../../src/cli/probe/dialError.ts"

describe("an error of a socket", () => {
  it("has the code and the phase by which the library reports it", () => {
    expect(dialError(Object.assign(new Error("x"), { code: "ECONNREFUSED" }), "tcp")).toMatchObject({
      phase: "tcp",
      code: "ECONNREFUSED"
    })
    expect(dialError(Object.assign(new Error("x"), { code: "ERR_SSL_WRONG_VERSION_NUMBER" }), "response").phase)
      .toBe("tls")
  })

  it("is a failure to connect, whoever raised it", () => {
    expect(dialError(Object.assign(new Error("x"), { code: "HPE_INVALID" }), "response")).toMatchObject({
      _tag: "ConnectFailed",
      code: "UNKNOWN"
    })
  })
})
