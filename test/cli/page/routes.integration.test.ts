import { describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Metric from "effect/Metric"
import { expect } from "vitest"
import { connectAttempts } from "../../../src/ConnectionMetrics.ts"
import { ask } from "../../support/httpRequest.ts"
import { start, startWithToken } from "../../support/pageServer.ts"

describe("routes", () => {
  it.live("serves the metrics of the connections for Prometheus", () =>
    Effect.gen(function*() {
      const { url } = yield* start()
      yield* Metric.update(Metric.withAttributes(connectAttempts, { connection: "feed" }), 1)
      const { headers, text } = yield* ask(url("/metrics"))
      expect(headers["content-type"]).toBe("text/plain; version=0.0.4; charset=utf-8")
      expect(text).toContain("# TYPE holdfast_connect_attempts_total counter")
      expect(text).toMatch(/holdfast_connect_attempts_total\{connection="feed"\} \d/)
    }))

  it.live("is healthy during an outage, and not after a connection has given up", () =>
    Effect.gen(function*() {
      const { report, url } = yield* start()
      report("other", { state: "Waiting" })
      const outage = yield* ask(url("/healthz"))
      expect([outage.status, outage.json().status]).toEqual([200, "healthy"])

      report("other", { state: "Closed", gaveUp: true })
      const over = yield* ask(url("/healthz"))
      expect(over.status).toBe(503)
      expect(over.json()).toEqual({
        status: "unhealthy",
        message: "1 of 2 connections gave up for good.",
        connections: 2,
        open: 1,
        gaveUp: 1,
        names: ["other"]
      })
    }))

  it.live("is ready while every connection is open, or the ones asked for", () =>
    Effect.gen(function*() {
      const { report, url } = yield* start()
      expect((yield* ask(url("/readyz"))).status).toBe(200)
      report("other", { state: "Connecting" })
      const both = yield* ask(url("/readyz"))
      expect([both.status, both.json().names]).toEqual([503, ["other"]])
      expect((yield* ask(url("/readyz?connection=feed"))).status).toBe(200)
      expect((yield* ask(url("/readyz?connection=feed&connection=other"))).status).toBe(503)
      expect((yield* ask(url("/readyz?connection=nobody"))).status).toBe(404)
    }))

  it.live("reports connections, and takes commands for them", () =>
    Effect.gen(function*() {
      const { asked, report, url } = yield* start()
      report("https://a.example/b?c#d%")
      expect((yield* ask(url("/api/connections"))).json()).toHaveLength(2)
      expect((yield* ask(url("/api/connections/feed"))).json().name).toBe("feed")
      const name = encodeURIComponent("https://a.example/b?c#d%")
      const reconnect = yield* ask(url(`/api/connections/${name}/reconnect`), { method: "POST" })
      expect([reconnect.status, reconnect.json().name]).toEqual([200, "https://a.example/b?c#d%"])
      yield* ask(url("/api/connections/feed/close"), { method: "POST" })
      expect(asked).toEqual(["reconnect https://a.example/b?c#d%", "close feed"])

      const unknown = yield* ask(url("/api/connections/nobody/close"), { method: "POST" })
      expect([unknown.status, unknown.json().error]).toEqual([404, "unknownConnection"])
      expect((yield* ask(url("/api/connections/feed/close"))).status).toBe(404)
      expect((yield* ask(url("//api/connections"))).status).toBe(404)
    }))

  it.live("sends every answer with headers that keep a browser safe", () =>
    Effect.gen(function*() {
      const { url } = yield* start()
      for (const path of ["/", "/nothing", "/assets/page.js", "/api/connections", "/healthz", "/metrics"]) {
        const { headers } = yield* ask(url(path))
        expect(headers["content-security-policy"]).toContain("default-src 'none'; script-src 'self'")
        expect(headers["content-security-policy"]).not.toContain("unsafe")
        expect(headers["x-content-type-options"]).toBe("nosniff")
        expect(headers["x-frame-options"]).toBe("DENY")
      }
    }))

  it.live("serves the page and its files, which caches ask for again", () =>
    Effect.gen(function*() {
      const { url } = yield* start()
      const page = yield* ask(url("/"))
      expect(page.headers["content-type"]).toBe("text/html; charset=utf-8")
      for (const [, file] of page.text.matchAll(/(?:src|href)="(assets\/[^"]+)"/g)) {
        const first = yield* ask(url(`/${file}`))
        expect([file, first.status]).toEqual([file, 200])
        const again = yield* ask(url(`/${file}`), { headers: { "if-none-match": first.headers["etag"] ?? "" } })
        expect([again.status, again.text]).toEqual([304, ""])
      }
      expect((yield* ask(url("/assets/..%2Findex.js"))).status).toBe(404)
    }))

  it.live("tells orchestrators how it is without a token, but no names", () =>
    Effect.gen(function*() {
      const { report, url } = yield* startWithToken
      report("secret-name", { state: "Closed", gaveUp: true })
      for (const path of ["/healthz", "/readyz"]) {
        const { status, text } = yield* ask(url(path), { headers: { host: "10.1.2.3:80" } })
        expect(status).toBe(503)
        expect(text).not.toContain("secret-name")
      }
    }))
})
