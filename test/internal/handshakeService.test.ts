import { assert, describe, it } from "@effect/vitest"
import { Context, Effect, Redacted, Result } from "effect"
import { fromOptions } from "../../src/internal/handshakeService.ts"

const made = (options: Parameters<typeof fromOptions>[0]) => fromOptions(options, Context.empty())

describe("the service of a user's options", () => {
  it("names the first option that can never work", () => {
    const result = made({ url: "wss://h.example", subprotocols: [""], timeout: 0 })
    assert.isTrue(Result.isFailure(result) && result.failure.option === "subprotocols")
  })

  it("knows the endpoint of a plain url, redacted or not, and of no other", () => {
    const endpoint = (url: Parameters<typeof fromOptions>[0]["url"]) => Result.getOrThrow(made({ url })).endpoint
    assert.strictEqual(endpoint("wss://u:p@h.example/a?q=1"), "wss://h.example/a")
    assert.strictEqual(endpoint(Redacted.make("wss://u:p@h.example/a?q=1")), "wss://h.example/a")
    assert.isUndefined(endpoint(() => Effect.succeed("wss://h.example")))
  })
})
