import { describe, expect, it } from "vitest"
import { basicAuth, basicAuthOf } from "../../src/cli/basicAuth.ts"

describe("basic authentication", () => {
  it("names a user as RFC 7617 §2 does, in UTF-8", () => {
    expect(basicAuth("Aladdin:open sesame")).toBe("Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==")
    expect(basicAuth("test:123£")).toBe("Basic dGVzdDoxMjPCow==")
  })

  it("is what a url asks for", () => {
    expect(basicAuthOf(new URL("http://a%20b:c%3Ad@host/"))).toBe(basicAuth("a b:c:d"))
    expect(basicAuthOf(new URL("http://user@host/"))).toBe(basicAuth("user:"))
    expect(basicAuthOf(new URL("http://host/"))).toBeUndefined()
  })

  it("takes a percent sign for itself where it begins nothing", () => {
    expect(basicAuthOf(new URL("http://user:100%@host/"))).toBe(basicAuth("user:100%"))
  })
})
