import { assert, describe, it } from "@effect/vitest"
import { readFileSync } from "node:fs"
import { createRequire } from "node:module"
import { protocolError } from "../../../src/node/internal/protocolError.ts"

const error = (code: string, message = "what is wrong") => Object.assign(new Error(message), { code })

describe("protocolError", () => {
  it("knows every code that ws can give, as the close code that it sends", () => {
    const source = readFileSync(
      createRequire(import.meta.url).resolve("ws").replace(/index\.js$/, "lib/receiver.js"),
      "utf8"
    )
    const pairs = Array.from(
      source.matchAll(/(\d{4}),\s+'(WS_ERR_\w+)'/g),
      ([, code, name]) => [name!, Number(code)] as const
    )
    assert.isAbove(pairs.length, 10)
    for (const [name, code] of pairs) {
      assert.deepInclude(protocolError(error(name)), { code, closeReason: "what is wrong", initiator: "self" }, name)
    }
  })

  it("names an illegal close code", () => {
    const reason = protocolError(
      error("WS_ERR_INVALID_CLOSE_CODE", "Invalid WebSocket frame: invalid status code 1005")
    )
    assert.deepInclude(reason, { _tag: "ProtocolViolation", code: 1002, closeReason: "illegal close code 1005" })
  })

  it("takes zlib's errors for an invalid payload", () => {
    assert.deepInclude(protocolError(error("Z_DATA_ERROR")), { _tag: "InvalidPayload", code: 1007 })
  })

  it("leaves other errors alone", () => {
    assert.isUndefined(protocolError(error("ECONNRESET")))
    assert.isUndefined(protocolError(new Error("no code")))
  })
})
