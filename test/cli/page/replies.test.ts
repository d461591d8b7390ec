import * as HttpServerResponse from "effect/http/HttpServerResponse"
import { describe, expect, it } from "vitest"
import { contentSecurityPolicy, problem, secured } from "../../../src/cli/page/replies.ts"

describe("secured", () => {
  it("keeps answers out of caches unless they say otherwise", () => {
    expect(secured(HttpServerResponse.empty()).headers["cache-control"]).toBe("no-store")
    const cached = HttpServerResponse.empty({ headers: { "cache-control": "no-cache" } })
    expect(secured(cached).headers["cache-control"]).toBe("no-cache")
  })

  it("lets a browser run and load our own files only", () => {
    expect(contentSecurityPolicy).not.toMatch(/unsafe|data:|https?:|\*/)
    expect(secured(HttpServerResponse.empty()).headers["content-security-policy"]).toBe(contentSecurityPolicy)
  })
})

describe("problem", () => {
  it("is JSON with a sentence, and the headers it was given", () => {
    const response = problem(503, { error: "late", message: "Too late." }, { "retry-after": "5" })
    expect([response.status, response.headers["retry-after"], response.headers["content-type"]])
      .toEqual([503, "5", "application/json"])
  })
})
