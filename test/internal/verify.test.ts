import { assert, describe, it } from "@effect/vitest"
import { Option } from "effect"
import type { VerifyInput } from "../../src/Handshake.ts"
import { verifyWith } from "../../src/internal/verify.ts"

const accept = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="

const good: VerifyInput = {
  request: {
    url: "wss://feed.example/v2?token=secret",
    headers: { authorization: "secret" },
    subprotocols: [],
    extensions: []
  },
  expectedAccept: accept,
  status: 101,
  headers: { "upgrade": "websocket", "connection": "Upgrade", "sec-websocket-accept": accept }
}

const strict = verifyWith({ requireSubprotocol: true })

const answer = (headers: Record<string, string | undefined>, status = 101) =>
  strict({ ...good, status, headers: { ...good.headers as Record<string, string>, ...headers } })

const failed = (verdict: ReturnType<typeof strict>) => {
  const bad = verdict.checks.find((check) => !check.ok)
  const reason = Option.getOrUndefined(verdict.failure)
  if (reason?._tag === "HandshakeInvalid") {
    assert.deepStrictEqual([reason.check, reason.expected, reason.actual], [bad?.check, bad?.expected, bad?.actual])
  }
  return bad?.check
}

const offering = (subprotocols: ReadonlyArray<string>, named: string | undefined, requireSubprotocol = true) =>
  failed(
    verifyWith({ requireSubprotocol })({
      ...good,
      request: { ...good.request, subprotocols },
      headers: { ...good.headers as Record<string, string>, "sec-websocket-protocol": named }
    })
  )

describe("verify", () => {
  it("passes a legal answer, with every check in its order", () => {
    const verdict = strict(good)
    assert.isTrue(Option.isNone(verdict.failure))
    assert.deepStrictEqual(
      verdict.checks.map((check) => [check.check, check.ok]),
      [["status", true], ["upgrade", true], ["connection", true], ["accept", true], ["extensions", true], [
        "subprotocol",
        true
      ]]
    )
  })

  it("gives every check its verdict, and the first failure as the reason", () => {
    const verdict = strict({ ...good, headers: {} })
    assert.deepStrictEqual(verdict.checks.map((check) => check.ok), [true, false, false, false, true, true])
    const reason = Option.getOrThrow(verdict.failure)
    assert.strictEqual(reason._tag, "HandshakeInvalid")
    assert.include(reason.message, "check \"upgrade\": expected websocket, got nothing")
  })

  it("takes another status than 101 for a refusal, redacted and with its wait", () => {
    const verdict = answer({ "Retry-After": "5", "Set-Cookie": "secret", "WWW-Authenticate": "Bearer" }, 503)
    const reason = Option.getOrThrow(verdict.failure)
    if (reason._tag !== "HandshakeRejected") return assert.fail(reason._tag)
    assert.strictEqual(reason.status, 503)
    assert.isTrue(Option.isSome(reason.retryAfter))
    assert.strictEqual(reason.headers["set-cookie"], "<redacted>")
    assert.strictEqual(reason.headers["www-authenticate"], "Bearer")
    assert.deepStrictEqual(verdict.checks[0], { check: "status", ok: false, expected: "101", actual: "503" })
    assert.strictEqual(verdict.checks.length, 6)
  })

  it("takes Upgrade: websocket in any case, and nothing else", () => {
    assert.isUndefined(failed(answer({ upgrade: "WebSocket" })))
    assert.isUndefined(failed(answer({ upgrade: " websocket " })))
    for (const upgrade of [undefined, "", "h2c", "websocket, h2c", "websocket, websocket", "websocket/13"]) {
      assert.strictEqual(failed(answer({ upgrade })), "upgrade", upgrade)
    }
  })

  it("takes Connection as a list with upgrade in any case", () => {
    for (const connection of ["upgrade", "UPGRADE", "keep-alive, Upgrade", "Upgrade ,close", ",upgrade,"]) {
      assert.isUndefined(failed(answer({ connection })), connection)
    }
    for (const connection of [undefined, "", "keep-alive", "upgraded", "keep-alive upgrade", "upgrade;q=1"]) {
      assert.strictEqual(failed(answer({ connection })), "connection", connection)
    }
  })

  it("wants the accept of this attempt's key, once", () => {
    const wrong = [undefined, "", accept.toLowerCase(), `${accept}=`, `${accept}, ${accept}`, "x"]
    for (const value of wrong) assert.strictEqual(failed(answer({ "sec-websocket-accept": value })), "accept", value)
    assert.isUndefined(failed(answer({ "sec-websocket-accept": ` ${accept} ` })))
    const twice = strict({ ...good, headers: [...Object.entries(good.headers), ["Sec-WebSocket-Accept", accept]] })
    assert.strictEqual(failed(twice), "accept")
  })

  it("refuses an extension that was not offered", () => {
    assert.strictEqual(failed(answer({ "sec-websocket-extensions": "permessage-deflate" })), "extensions")
    assert.strictEqual(failed(answer({ "sec-websocket-extensions": "" })), "extensions")
    const offered = strict({
      ...good,
      request: { ...good.request, extensions: ["permessage-deflate; client_max_window_bits"] },
      headers: {
        ...good.headers as Record<string, string>,
        "sec-websocket-extensions": "permessage-deflate; client_max_window_bits=12"
      }
    })
    assert.isUndefined(failed(offered))
  })

  it("wants one of the offered subprotocols, in exact case", () => {
    assert.isUndefined(offering(["b", "a"], "a"))
    for (const named of [undefined, "", "A", "c", "a, b", "a,a"]) {
      assert.strictEqual(offering(["b", "a"], named), "subprotocol", named)
    }
    assert.strictEqual(offering([], "a"), "subprotocol")
  })

  it("lets a server name no subprotocol where that is allowed, but none that was not offered", () => {
    assert.isUndefined(offering(["a"], undefined, false))
    assert.strictEqual(offering(["a"], "b", false), "subprotocol")
    assert.strictEqual(offering([], "a", false), "subprotocol")
  })

  it("reads header names in any case", () => {
    const headers = { UPGRADE: "websocket", Connection: "upgrade", "Sec-WebSocket-Accept": accept }
    assert.isUndefined(failed(strict({ ...good, headers })))
  })

  it("never repeats a long header whole, nor anything secret of the request", () => {
    const verdict = answer({ "sec-websocket-accept": "x".repeat(10_000) })
    assert.strictEqual(verdict.checks[3]!.actual.length, 200)
    assert.notInclude(JSON.stringify(verdict), "secret")
    const bearer = `bearer.${"s".repeat(40)}`
    const refused = verifyWith({ requireSubprotocol: true })({
      ...good,
      request: { ...good.request, subprotocols: ["v2", bearer] }
    })
    assert.notInclude(JSON.stringify(refused), bearer)
    assert.include(Option.getOrThrow(refused.failure).message, "one of v2, bearer.")
  })
})
