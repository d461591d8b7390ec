import { assert, describe, it } from "@effect/vitest"
import { Duration, Option } from "effect"
import * as Headers from "effect/http/Headers"
import * as reasons from "../../src/internal/reasons.ts"

describe("a reason's message", () => {
  it.each<[reason: { readonly message: string }, sentence: string]>([
    [
      new reasons.InvalidRequest({ option: "url", problem: "must be absolute" }),
      "invalid url: must be absolute"
    ],
    [
      new reasons.CredentialsFailed({ cause: new Error("expired") }),
      "the url, headers or subprotocols of this attempt could not be made: expired"
    ],
    [
      new reasons.ConnectFailed({ phase: "dns", code: "ENOTFOUND", detail: "getaddrinfo ENOTFOUND h" }),
      "could not connect, looking up the host name failed with ENOTFOUND: getaddrinfo ENOTFOUND h"
    ],
    [
      // It said where in OpenSSL's sources that was found, and not what to do.
      new reasons.ConnectFailed({
        phase: "tls",
        code: "ERR_SSL_WRONG_VERSION_NUMBER",
        detail: "write EPROTO 40:error:"
      }),
      "could not connect, negotiating TLS failed with ERR_SSL_WRONG_VERSION_NUMBER: " +
      "this port does not seem to speak TLS, so use ws:// or another port"
    ],
    [
      new reasons.HandshakeTimeout({ phase: "tls", timeout: Option.some(Duration.seconds(10)) }),
      "no open connection within 10s: time ran out while negotiating TLS"
    ],
    [new reasons.HandshakeTimeout({ phase: "greet" }), "no open connection: time ran out while greeting"],
    [
      new reasons.HandshakeInvalid({ check: "accept", expected: "a", actual: "b" }),
      "the server's handshake is not valid, check \"accept\": expected a, got b"
    ],
    [
      new reasons.HeartbeatTimeout({
        silentFor: Duration.nanos(3_004_422_620n),
        interval: Duration.seconds(2),
        timeout: Duration.seconds(1)
      }),
      "the peer is silent: nothing received for 3s 4ms (heartbeat every 2s, timeout 1s)"
    ],
    [new reasons.GreetingFailed({ cause: "not ready" }), "greet failed: not ready"],
    [new reasons.AbnormalClosure({}), "the connection was lost without a Close frame"],
    [
      new reasons.AbnormalClosure({ cause: { code: "ECONNRESET", message: "read" } }),
      "the connection was lost without a Close frame: ECONNRESET: read"
    ],
    [new reasons.AbnormalClosure({ cause: undefined }), "the connection was lost without a Close frame"],
    [
      new reasons.HeartbeatTimeout({
        silentFor: Duration.seconds(40),
        interval: Duration.seconds(25),
        timeout: Duration.seconds(15)
      }),
      "the peer is silent: nothing received for 40s (heartbeat every 25s, timeout 15s)"
    ],
    [
      new reasons.InboundOverflow({ bytes: 10, paused: Duration.zero }),
      "messages were not read in time: 10 bytes are waiting; read faster, or choose another `inbound.overflow`"
    ],
    [
      new reasons.DecodingFailed({ by: "schema", issue: "Expected number", head: "{}" }),
      "a message was not understood: Expected number (it begins with {})"
    ],
    [new reasons.ConnectionClosed({}), "the connection was closed by us"]
  ])("is a sentence that a person can act on (%#)", (reason, sentence) => {
    assert.strictEqual(reason.message, sentence)
  })
})

describe("a refused handshake", () => {
  const message = (status: number, headers: Record<string, string> = {}, after?: Duration.Duration) =>
    new reasons.HandshakeRejected({
      status,
      headers: Headers.fromInput(headers),
      retryAfter: Option.fromUndefinedOr(after)
    }).message

  it("says what the status asks a person to do", () => {
    assert.include(message(200), "not a WebSocket endpoint, or a captive portal")
    assert.include(message(401), "credentials are missing, wrong or expired")
    assert.include(message(403), "do not allow this")
    assert.include(message(404), "nothing is served at this path")
    assert.include(message(407), "the proxy wants credentials")
    assert.include(message(429), "too many requests")
    assert.strictEqual(message(500), "the server refused the handshake with HTTP 500")
  })

  it("names the target of a redirect, without its query", () => {
    assert.include(
      message(301, { location: "https://h.example/a?<redacted>" }),
      "a redirect to https://h.example/a: use"
    )
    assert.include(message(302), "HTTP 302, a redirect")
  })

  it("reports the versions that the server speaks (RFC 6455 §4.4)", () => {
    assert.include(message(426, { "sec-websocket-version": "8, 7" }), "speaks WebSocket version 8, 7, we speak 13")
    assert.include(message(426), "wants another protocol")
  })

  it("says how long the server asks to wait", () => {
    assert.include(message(503, {}, Duration.seconds(30)), "the service is unavailable; it asks to wait 30s")
  })
})
