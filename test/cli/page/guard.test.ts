import { describe, expect, it } from "vitest"
import { isLoopback, isOwnHost, isOwnOrigin, refuse } from "../../../src/cli/page/guard.ts"

describe("isLoopback", () => {
  it("knows this machine by its names and addresses", () => {
    for (
      const host of [
        "127.0.0.1",
        "127.8.9.1",
        "localhost",
        "LOCALHOST",
        "a.localhost",
        "::1",
        "[::1]",
        "::ffff:127.0.0.1"
      ]
    ) {
      expect([host, isLoopback(host)]).toEqual([host, true])
    }
    for (
      const host of [
        "0.0.0.0",
        "::",
        "10.0.0.1",
        "127.0.0.1.evil.example",
        "localhost.evil.example",
        "notlocalhost",
        ""
      ]
    ) {
      expect([host, isLoopback(host)]).toEqual([host, false])
    }
  })
})

describe("isOwnHost", () => {
  it("takes loopback names with any port, since tunnels change it, and the bound address", () => {
    for (const header of ["localhost:9464", "127.0.0.1:1", "[::1]:9464", "localhost", "box.lan:9464"]) {
      expect([header, isOwnHost(header, "box.lan")]).toEqual([header, true])
    }
    expect(isOwnHost("[fe80::1]:9464", "fe80::1")).toBe(true)
  })

  it("takes no name that a stranger's DNS may have given us", () => {
    for (
      const header of [undefined, "", "evil.example:9464", "127.0.0.1@evil.example", "localhost:9464/x", "[::1", "a b"]
    ) {
      expect([header, isOwnHost(header, "127.0.0.1")]).toEqual([header, false])
    }
  })
})

describe("isOwnOrigin", () => {
  const asked = (headers: Record<string, string>) => ({ method: "POST", path: "/", headers })

  it("takes programs, which say nothing, and our own page", () => {
    expect(isOwnOrigin(asked({ host: "localhost:1" }))).toBe(true)
    expect(isOwnOrigin(asked({ host: "localhost:1", origin: "http://localhost:1", "sec-fetch-site": "same-origin" })))
      .toBe(true)
    expect(isOwnOrigin(asked({ host: "Watch.example", origin: "https://watch.example" }))).toBe(true)
  })

  it("takes no other page, and none that hides", () => {
    for (
      const origin of [
        "http://localhost:2",
        "http://evil.example",
        "null",
        "file://",
        "http://localhost:1.evil.example"
      ]
    ) {
      expect([origin, isOwnOrigin(asked({ host: "localhost:1", origin }))]).toEqual([origin, false])
    }
    for (const site of ["cross-site", "same-site"]) {
      expect(isOwnOrigin(asked({ host: "localhost:1", "sec-fetch-site": site }))).toBe(false)
    }
  })
})

describe("refuse", () => {
  it("refuses a foreign host while there is no token, and not with one", () => {
    const asked = { method: "GET", path: "/", headers: { host: "evil.example" } }
    expect(refuse(asked, { bound: "127.0.0.1", open: true })?.problem.error).toBe("wrongHost")
    expect(refuse(asked, { bound: "0.0.0.0", open: false })).toBeUndefined()
  })

  it("lets a link of another page lead to the page, and to nothing that acts or tells", () => {
    const from = (method: string, path: string) =>
      refuse({ method, path, headers: { host: "localhost", "sec-fetch-site": "cross-site" } }, {
        bound: "127.0.0.1",
        open: true
      })?.problem.error
    expect(from("GET", "/")).toBeUndefined()
    expect(from("GET", "/metrics")).toBeUndefined()
    expect(from("GET", "/api/events")).toBe("wrongOrigin")
    expect(from("GET", "/%61pi/events")).toBe("wrongOrigin")
    expect(from("POST", "/")).toBe("wrongOrigin")
    expect(from("POST", "/connections/feed/messages")).toBe("wrongOrigin")
  })
})
