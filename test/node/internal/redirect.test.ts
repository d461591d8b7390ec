import { assert, describe, it } from "@effect/vitest"
import { redirect, type Target } from "../../../src/node/internal/redirect.ts"

const from = (url: string): Target => ({
  url,
  headers: { authorization: "secret", cookie: "secret", "x-mine": "1", "User-Agent": "test", origin: "https://a" },
  subprotocols: ["feed.v2", "bearer.secret"],
  endpoint: url
})

describe("redirect", () => {
  it.each([
    ["ws://a/x?q=1", "/y?z=2", "ws://a/y?z=2"],
    ["ws://a/x/", "y", "ws://a/x/y"],
    ["ws://a/", "http://a/y", "ws://a/y"],
    ["ws://a/", "https://a/y", "wss://a/y"],
    ["wss://a/", "https://b:444/y", "wss://b:444/y"],
    ["wss://a/", "//b/y", "wss://b/y"],
    ["ws://a/", "ws://user:password@b/y#fragment", "ws://b/y"],
    ["ws+unix:/tmp/s:/x", "ws://b/y", "ws://b/y"]
  ])("from %s to %s leads to %s", (url, location, to) => {
    assert.strictEqual(redirect(from(url), 302, location)?.url, to)
  })

  it.each([
    ["wss://a/", "ws://a/"],
    ["wss://a/", "http://a/"],
    ["ws://a/", "ftp://a/"],
    ["ws://a/", "ws+unix:/tmp/s:/"],
    ["ws://a/", "http://["],
    ["ws+unix:/tmp/s:/x", "/y"]
  ])("from %s to %s is not followed", (url, location) => {
    assert.isUndefined(redirect(from(url), 302, location))
  })

  it("is one of five statuses, with a location", () => {
    for (const status of [301, 302, 303, 307, 308]) assert.isDefined(redirect(from("ws://a/"), status, "/y"))
    for (const status of [200, 300, 304, 305, 400]) assert.isUndefined(redirect(from("ws://a/"), status, "/y"))
    assert.isUndefined(redirect(from("ws://a/"), 302, undefined))
  })

  it("takes every header along within the origin, only harmless ones beyond", () => {
    const start = from("ws://a:81/")
    assert.deepStrictEqual(redirect(start, 302, "ws://a:81/y")?.headers, start.headers)
    for (const other of ["ws://a/", "wss://a:81/", "ws://b:81/"]) {
      assert.deepStrictEqual(redirect(start, 302, other)?.headers, { "User-Agent": "test", origin: "https://a" })
    }
  })

  it("takes a subprotocol that is a credential to no other origin", () => {
    const secrets = ["bearer.secret"]
    const start = from("ws://a/")
    assert.deepStrictEqual(redirect(start, 302, "/y", secrets)?.subprotocols, start.subprotocols)
    assert.deepStrictEqual(redirect(start, 302, "ws://b/", secrets)?.subprotocols, ["feed.v2"])
    assert.deepStrictEqual(redirect(start, 302, "ws://b/")?.subprotocols, start.subprotocols)
  })

  it("does not give back what it took away", () => {
    const there = redirect(from("ws://a/"), 302, "ws://b/")
    assert(there !== undefined)
    assert.isUndefined(redirect(there, 302, "ws://a/")?.headers["authorization"])
  })

  it("names its target without the query", () => {
    assert.strictEqual(redirect(from("ws://a/"), 302, "/y?token=secret")?.endpoint, "ws://a/y")
  })
})
