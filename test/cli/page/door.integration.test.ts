import { describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { expect } from "vitest"
import { ask } from "../../support/httpRequest.ts"
import { start, startWithToken, token } from "../../support/pageServer.ts"

const bearer = { authorization: `Bearer ${token}` }

describe("the door without a token", () => {
  it.live("refuses a name that DNS has made mean us, and says what to do", () =>
    Effect.gen(function*() {
      const { url } = yield* start()
      for (const path of ["/", "/metrics", "/api/connections"]) {
        const { json, status } = yield* ask(url(path), { headers: { host: "evil.example" } })
        expect([status, json().error]).toEqual([403, "wrongHost"])
      }
      expect((yield* ask(url("/"), { headers: { host: "localhost:1234" } })).status).toBe(200)
    }))

  it.live("refuses what a page of another origin sends", () =>
    Effect.gen(function*() {
      const { asked, sent, url } = yield* start()
      for (
        const headers of [{ origin: "http://evil.example" }, { origin: "null" }, { "sec-fetch-site": "cross-site" }]
      ) {
        for (const path of ["/api/connections/feed/close", "/connections/feed/messages"]) {
          const { json, status } = yield* ask(url(path), { method: "POST", headers })
          expect([status, json().error]).toEqual([403, "wrongOrigin"])
        }
        expect((yield* ask(url("/api/connections"), { headers })).status).toBe(403)
      }
      expect([asked, sent]).toEqual([[], []])
    }))

  it.live("takes a token out of the address that is not asked for any more", () =>
    Effect.gen(function*() {
      const { url } = yield* start()
      const { headers, status } = yield* ask(url("/?token=something"))
      expect([status, headers.location]).toEqual([303, "./"])
    }))
})

describe("the door with a token", () => {
  it.live("lets programs in that say it, and nobody else", () =>
    Effect.gen(function*() {
      const { asked, url } = yield* startWithToken
      for (const path of ["/metrics", "/api/connections", "/api/events", "/nothing", "//", "/api/connections/feed"]) {
        const { headers, json, status } = yield* ask(url(path))
        expect([path, status, json().error]).toEqual([path, 401, "unauthorized"])
        expect(headers["www-authenticate"]).toBe("Bearer realm=\"holdfast\"")
      }
      expect((yield* ask(url("/api/connections/feed/close"), { method: "POST" })).status).toBe(401)
      expect((yield* ask(url("/metrics"), { headers: { authorization: `Bearer ${token}x` } })).status).toBe(401)
      expect((yield* ask(url("/metrics"), { headers: bearer })).status).toBe(200)
      expect((yield* ask(url("/api/connections/feed/close"), { method: "POST", headers: bearer })).status).toBe(200)
      expect(asked).toEqual(["close feed"])
    }))

  it.live("gives a browser a cookie for it, and takes it out of the address at once", () =>
    Effect.gen(function*() {
      const { url } = yield* startWithToken
      const entered = yield* ask(url(`/?token=${token}`))
      expect([entered.status, entered.headers.location, entered.text]).toEqual([303, "./", ""])
      const set = entered.headers["set-cookie"]?.[0] ?? ""
      expect(set).toMatch(/^holdfast-\d+=/)
      for (const attribute of ["HttpOnly", "SameSite=Strict", "Path=/", "Max-Age=604800"]) {
        expect(set).toContain(attribute)
      }
      expect(set).not.toContain("Secure")
      expect(set).not.toContain(token)

      const cookie = set.split(";")[0] ?? ""
      expect((yield* ask(url("/api/connections"), { headers: { cookie } })).status).toBe(200)
      expect((yield* ask(url("/session"), { headers: { cookie } })).json()).toEqual({ open: true })
      const page = yield* ask(url("/"), { headers: { cookie } })
      expect([page.status, page.text.includes("page.js")]).toEqual([200, true])
      // The cookie comes along with whatever the browser sends to us.
      const forged = { cookie, origin: "http://evil.example" }
      expect((yield* ask(url("/api/connections/feed/close"), { method: "POST", headers: forged })).status).toBe(403)
    }))

  it.live("asks for it in a form, and says when it is wrong", () =>
    Effect.gen(function*() {
      const { url } = yield* startWithToken
      const form = yield* ask(url("/"))
      expect([form.status, form.text.includes("type=\"password\"")]).toEqual([401, true])
      expect((yield* ask(url("/session"))).json()).toEqual({ open: false })
      expect((yield* ask(url("/assets/page.css"))).status).toBe(200)

      const headers = { "content-type": "application/x-www-form-urlencoded" }
      const wrong = yield* ask(url("/login"), { method: "POST", headers, body: "token=wrong-and-secret" })
      expect([wrong.status, wrong.headers["set-cookie"]]).toEqual([401, undefined])
      expect(wrong.text).toContain("This is not the token.")
      expect(wrong.text).not.toContain("wrong-and-secret")
      expect((yield* ask(url("/?token=wrong-and-secret"))).status).toBe(401)

      const right = yield* ask(url("/login"), { method: "POST", headers, body: `token=${encodeURIComponent(token)}` })
      expect([right.status, right.headers.location]).toEqual([303, "./"])
      const long = yield* ask(url("/login"), { method: "POST", headers, body: `token=${"x".repeat(10_000)}` })
      expect(long.status).toBe(413)
    }))

  it.live("marks the cookie as for TLS only behind a proxy that has TLS", () =>
    Effect.gen(function*() {
      const { url } = yield* startWithToken
      const { headers } = yield* ask(url(`/?token=${token}`), { headers: { "x-forwarded-proto": "https" } })
      expect(headers["set-cookie"]?.[0]).toContain("Secure")
    }))

  it.live("takes the cookie back", () =>
    Effect.gen(function*() {
      const { url } = yield* startWithToken
      const { headers, status } = yield* ask(url("/logout"), { method: "POST" })
      expect([status, headers.location]).toEqual([303, "./"])
      expect(headers["set-cookie"]?.[0]).toMatch(/^holdfast-\d+=; Max-Age=0; Path=\//)
    }))
})
