import { assert, describe, it } from "@effect/vitest"
import { type Environment, proxyFromEnv } from "../../../src/node/internal/proxyEnv.ts"

const proxyOf = (url: string, env: Environment) => proxyFromEnv(new URL(url), env)

describe("proxyFromEnv", () => {
  it("takes HTTPS_PROXY for wss and HTTP_PROXY for ws", () => {
    const env = { HTTPS_PROXY: "http://s", HTTP_PROXY: "http://p" }
    assert.strictEqual(proxyOf("wss://host/", env), "http://s")
    assert.strictEqual(proxyOf("ws://host/", env), "http://p")
    assert.isUndefined(proxyOf("ws://host/", { HTTPS_PROXY: "http://s" }))
  })

  it("takes lower case first, and ALL_PROXY last", () => {
    assert.strictEqual(proxyOf("ws://host/", { HTTP_PROXY: "upper", http_proxy: "lower", ALL_PROXY: "all" }), "lower")
    assert.strictEqual(proxyOf("ws://host/", { ALL_PROXY: "all" }), "all")
    assert.strictEqual(proxyOf("wss://host/", { all_proxy: " all " }), "all")
  })

  it("takes an empty variable for none", () => {
    assert.isUndefined(proxyOf("ws://host/", { HTTP_PROXY: "" }))
    assert.isUndefined(proxyOf("ws://host/", {}))
  })

  it("never sends a Unix socket through a proxy", () => {
    assert.isUndefined(proxyOf("ws+unix:/tmp/s:/", { ALL_PROXY: "all" }))
  })

  it.each([
    ["*", "ws://host/", true],
    ["example.com", "ws://example.com/", true],
    ["example.com", "ws://feed.example.com/", true],
    [".example.com", "ws://feed.example.com/", true],
    [".example.com", "ws://example.com/", true],
    ["*.example.com", "ws://feed.example.com/", true],
    ["EXAMPLE.com", "ws://Example.COM./", true],
    ["example.com", "ws://notexample.com/", false],
    ["example.com", "ws://example.com.org/", false],
    ["a, b  c", "ws://b/", true],
    ["a, b  c", "ws://c/", true],
    ["a,,b", "ws://d/", false],
    ["host:80", "ws://host/", true],
    ["host:443", "wss://host/", true],
    ["host:8080", "ws://host/", false],
    ["host:8080", "ws://host:8080/", true],
    ["10.0.0.0/8", "ws://10.1.2.3/", true],
    ["10.0.0.0/8", "ws://11.1.2.3/", false],
    ["10.0.0.0/99", "ws://10.1.2.3/", false],
    ["10.0.0.0/8", "ws://host/", false],
    ["127.0.0.1", "ws://127.0.0.1/", true],
    ["0.0.1", "ws://127.0.0.1/", false],
    ["::1", "ws://[::1]/", true],
    ["[::1]:81", "ws://[::1]:81/", true],
    ["[::1]:81", "ws://[::1]/", false],
    ["fe80::/10", "ws://[fe80::1]/", true]
  ])("NO_PROXY=%s excepts %s: %s", (exceptions, url, excepted) => {
    const env = { ALL_PROXY: "http://p", NO_PROXY: exceptions }
    assert.strictEqual(proxyOf(url, env), excepted ? undefined : "http://p")
  })
})
