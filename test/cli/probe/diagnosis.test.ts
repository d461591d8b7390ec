import { describe, expect, it } from "vitest"
import { aboutCheck, aboutNoHttp, aboutStatus } from "../../../src/cli/probe/diagnosis.ts"
import type { CheckResult } from "../../../src/Handshake.ts"

const about = (
  status: number,
  headers: Readonly<Record<string, string>> = {},
  body = "",
  url = "ws://a.example/feed"
) => {
  const { advice = "", message } = aboutStatus({ head: { status, version: "1.1" }, headers, body }, new URL(url), {
    headers: {} as never
  })
  return `${message} ${advice}`
}

describe("an answer that is no handshake", () => {
  it.each([
    [
      about(400, { server: "nginx/1.22" }, "<title>400 The plain HTTP request was sent to HTTPS port</title>"),
      "Use wss://"
    ],
    [about(403, {}, "Missing ALPN Protocol, expected `h2`"), "HTTP/2 only"],
    [about(400, {}, "Client sent an HTTP request to an HTTPS server."), "Use wss://"],
    [about(400, {}, "{\"code\":0,\"message\":\"Transport unknown\"}"), "Socket.IO server. Add EIO=4"],
    [about(404, {}, "Connection ID required"), "SignalR"],
    [
      about(400, { server: "nginx" }, "Can \"Upgrade\" only to \"WebSocket\"."),
      "(nginx): it saw no request to upgrade"
    ],
    [about(426), "proxy_set_header Upgrade $http_upgrade"],
    [about(426, { "sec-websocket-version": "8" }), "speaks version 8 of the protocol, and we speak 13"],
    [about(301, { location: "https://a.example/feed" }), "Use wss:// in place of ws://"],
    [
      about(302, { location: "https://login.example/?next=secret" }),
      "login.example/?<redacted>. Use that url, unless it is a login page"
    ],
    [about(307), "a redirect to nowhere"],
    [about(307, { location: "/v2" }), "--location follows it"],
    [about(200, {}, "<title>Hotel</title>"), "captive portal"],
    [about(401), "--auth, --header or --header-env"],
    [about(403), "--origin https://"],
    [about(404), "Check the path"],
    [about(407), "--proxy"],
    [about(429, { "retry-after": "30" }), "it asks to wait 30 s"],
    [about(503, { "retry-after": "Wed, 21 Oct 2026 07:28:00 GMT" }), "to wait until Wed, 21 Oct"],
    [about(502, { server: "nginx" }), "no good answer from the server behind it"],
    [about(418, { via: "1.1 cache" }), "(via 1.1 cache): it does not take the request"],
    [about(599), "it failed. See the server's log"]
  ])("%s", (said, words) => {
    expect(said).toContain(words)
  })

  it("blames the origin where one was sent", () => {
    const { advice } = aboutStatus(
      { head: { status: 403, version: "1.1" }, headers: {}, body: "" },
      new URL("ws://a"),
      {
        headers: { origin: "https://b" } as never
      }
    )
    expect(advice).toContain("Check --origin")
  })

  it("is no HTTP at all", () => {
    const said = (speaks: "tls" | "http2" | "other") => {
      const { advice, message } = aboutNoHttp({ _tag: "NoHead", speaks, sample: "SSH" })
      return `${message} ${advice}`
    }
    expect(said("tls")).toContain("Use wss://")
    expect(said("http2")).toContain("HTTP/2 only")
    expect(said("other")).toContain("\"SSH\"")
  })
})

describe("a check that failed", () => {
  it.each<readonly [CheckResult["check"], string, string]>([
    ["http", "HTTP/1.0", "knows no Upgrade"],
    ["http", "the header line \"x\"", "no HTTP/1.1 that every client takes"],
    ["upgrade", "nothing", "hand Upgrade through"],
    ["connection", "close", "Connection: close"],
    ["connection", "nothing", "hand Connection through"],
    ["accept", "nothing", "is missing"],
    ["accept", "abc=", "A cache answers"],
    ["extensions", "x", "Switch them off"],
    ["subprotocol", "nothing", "--allow-no-subprotocol"],
    ["subprotocol", "soap", "chose the subprotocol soap"],
    ["status", "200", "status 200"]
  ])("%s, %s", (check, actual, words) => {
    const { advice, message } = aboutCheck(
      { check, ok: false, expected: "chat", actual },
      { head: { status: 101, version: "1.1" }, headers: {}, body: "" }
    )
    expect(`${message} ${advice}`).toContain(words)
  })
})
