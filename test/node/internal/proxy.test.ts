import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import { loadProxyAgent, proxyFor, proxyRefusal } from "../../../src/node/internal/proxy.ts"

const target = new URL("wss://host/")

const found = (option: Parameters<typeof proxyFor>[0], env = {}) =>
  Result.getOrThrow(Result.getOrThrow(proxyFor(option, env))!(target))?.href

const problem = (option: unknown) =>
  Result.match(proxyFor(option as string, {}), { onFailure: (reason) => reason.message, onSuccess: () => "none" })

describe("proxyFor", () => {
  it("is nothing where nothing was asked for", () => {
    assert.isUndefined(Result.getOrThrow(proxyFor(undefined, { https_proxy: "http://p" })))
  })

  it("takes a text, a URL, and a Redacted of them", () => {
    assert.strictEqual(found("http://p:1"), "http://p:1/")
    assert.strictEqual(found("p:1"), "http://p:1/")
    assert.strictEqual(found(new URL("https://p")), "https://p/")
    assert.strictEqual(found(Redacted.make("http://u:p@p:1")), "http://u:p@p:1/")
    assert.strictEqual(found(Redacted.make(new URL("http://p:1"))), "http://p:1/")
  })

  it("reads the environment once", () => {
    const env: Record<string, string> = { https_proxy: "http://p:1" }
    const find = Result.getOrThrow(proxyFor("env", env))!
    env["https_proxy"] = "http://other"
    assert.strictEqual(Result.getOrThrow(find(target))?.href, "http://p:1/")
    assert.isUndefined(Result.getOrThrow(find(new URL("ws://host/"))))
  })

  it("says what is wrong without telling the password", () => {
    for (const wrong of ["socks5://user:secret@p:1", "http://user:secret@[", 7, Redacted.make({})]) {
      const sentence = problem(wrong)
      assert.match(sentence, /^invalid transport\.proxy: /)
      assert.notInclude(sentence, "secret")
    }
    const fromEnv = Result.getOrThrow(proxyFor("env", { https_proxy: "socks5://user:secret@p" }))!(target)
    assert.isTrue(Result.isFailure(fromEnv))
  })

  it("leaves Unix sockets alone", () => {
    const find = Result.getOrThrow(proxyFor("http://p", {}))!
    assert.isUndefined(Result.getOrThrow(find(new URL("ws+unix:/tmp/s:/"))))
  })
})

describe("loadProxyAgent", () => {
  it.effect("says which package to install where it is missing", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(loadProxyAgent(() => Promise.reject(new Error("ERR_MODULE_NOT_FOUND"))))
      assert.match(error.message, /^invalid transport\.proxy: .*npm install https-proxy-agent$/)
    }))

  it.effect("makes an agent that knows its scheme without looking at a stack trace", () =>
    Effect.gen(function*() {
      const open = yield* loadProxyAgent()
      assert.strictEqual(Reflect.get(open(new URL("http://p"), true, {}).agent, "protocol"), "https:")
      assert.strictEqual(Reflect.get(open(new URL("http://p"), false, {}).agent, "protocol"), "http:")
    }))
})

describe("proxyRefusal", () => {
  it("names the status, what it wants, or that there was none", () => {
    assert.deepInclude(proxyRefusal(407), { phase: "proxy", code: "HTTP_407", detail: "the proxy wants credentials" })
    assert.deepInclude(proxyRefusal(502), { code: "HTTP_502", detail: "the proxy answered with HTTP 502" })
    assert.deepInclude(proxyRefusal(Number.NaN), { code: "UNKNOWN", detail: "the proxy did not answer in HTTP" })
  })
})
