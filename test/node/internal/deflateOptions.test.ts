import { assert, describe, it } from "@effect/vitest"
import * as Result from "effect/Result"
import { deflate } from "../../../src/node/internal/deflateOptions.ts"
import type { DeflateOptions } from "../../../src/node/NodeTransport.ts"

const deflated = (option: boolean | DeflateOptions) => Result.getOrThrow(deflate(option))

describe("compression", () => {
  it("is off unless it is asked for", () => {
    assert.deepStrictEqual(Result.getOrThrow(deflate(undefined)), { ws: false, offer: [] })
    assert.deepStrictEqual(deflated(false), { ws: false, offer: [] })
  })

  it("offers what was asked for", () => {
    assert.deepStrictEqual(deflated(true).offer, ["permessage-deflate; client_max_window_bits"])
    assert.deepStrictEqual(
      deflated({
        serverNoContextTakeover: true,
        clientNoContextTakeover: true,
        serverMaxWindowBits: 10,
        clientMaxWindowBits: 11
      }).offer,
      [
        "permessage-deflate; server_no_context_takeover; client_no_context_takeover; " +
        "server_max_window_bits=10; client_max_window_bits=11"
      ]
    )
  })

  it("hands zlib its own options", () => {
    assert.deepStrictEqual(deflated({ level: 3, memLevel: 2, threshold: 10 }).ws, {
      threshold: 10,
      zlibDeflateOptions: { level: 3, memLevel: 2 }
    })
  })

  it.each<[name: string, option: unknown]>([
    ["transport.perMessageDeflate", "yes"],
    ["transport.perMessageDeflate.level", { level: 10 }],
    ["transport.perMessageDeflate.clientMaxWindowBits", { clientMaxWindowBits: 8 }],
    ["transport.perMessageDeflate.threshold", { threshold: "1" }],
    ["transport.perMessageDeflate.serverNoContextTakeover", { serverNoContextTakeover: 1 }]
  ])("refuses %s", (name, option) => {
    const result = deflate(option as DeflateOptions)
    assert(Result.isFailure(result))
    assert.strictEqual(result.failure.option, name)
  })
})
