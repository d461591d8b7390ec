import * as Redacted from "effect/Redacted"
import { describe, expect, it } from "vitest"
import { understood, withoutSecrets } from "../../../src/cli/config/understood.ts"

describe("what was understood", () => {
  it("hides what may be a secret, and says what it was", () => {
    expect(understood({
      url: "wss://user:password@feed.example/v2?token=abc",
      headers: { cookie: "abc" },
      auth: { username: "me", password: "abc" },
      tls: { key: Redacted.make("abc"), servername: "feed.example" },
      greet: { send: ["abc", { json: { token: "abc" } }], reply: "^ok", timeout: "2 s" },
      heartbeat: { message: "abc", interval: "5 s", reply: "pong" },
      to: ["stdout", { type: "http", url: "https://x/y?key=abc", headers: { a: "abc" } }]
    })).toEqual({
      url: "wss://feed.example/v2?…",
      headers: { cookie: "<secret>" },
      auth: { username: "me", password: "<secret>" },
      tls: { key: "<secret>", servername: "feed.example" },
      greet: { send: ["<secret>", { json: { token: "<secret>" } }], reply: "^ok", timeout: "2 s" },
      heartbeat: { message: "<secret>", interval: "5 s", reply: "pong" },
      to: ["stdout", { type: "http", url: "https://x/y?…", headers: { a: "<secret>" } }]
    })
  })

  it("leaves nothing of a url but origin and path", () => {
    expect(withoutSecrets("ws://x/y")).toBe("ws://x/y")
    expect(withoutSecrets("ws://u@x/y#z")).toBe("ws://x/y?…")
  })

  it.each([
    [" wss://me:s3cr3t@x/y?token=s3cr3t", "wss://x/y?…"],
    ["wss:me:s3cr3t@x/y", "wss://x/y"],
    ["wss:///me:s3cr3t@x/y", "wss://x/y"],
    ["ws:\\\\me:s3cr3t@x/y", "ws://x/y"],
    ["w\nss://me:s3cr3t@x/y", "wss://x/y"],
    ["me:s3cr3t@x", "<secret>"],
    ["//me:s3cr3t@x", "<secret>"],
    ["ws+unix:/run/x.sock:/path?token=s3cr3t", "ws+unix:/run/x.sock:/path?…"],
    ["env", "env"]
  ])("leaves nothing of %j, in whichever way it is written", (url, shown) => {
    expect(withoutSecrets(url)).toBe(shown)
  })
})
