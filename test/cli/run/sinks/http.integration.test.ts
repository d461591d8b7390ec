import { it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import type * as Scope from "effect/Scope"
import { createServer, type IncomingHttpHeaders, type ServerResponse } from "node:http"
import type { AddressInfo } from "node:net"
import { describe, expect } from "vitest"
import { httpSink } from "../../../../src/cli/run/sinks/http.ts"
import { Notice } from "../../../support/notice.ts"
import { closedPort } from "../../../support/realConnection.ts"
import { deliveries, make } from "../../../support/workbench.ts"

interface Posted {
  readonly method: string | undefined
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

/** A server that keeps what it was sent, and answers each request as it is told. */
const server = (answer: (response: ServerResponse, count: number) => void) =>
  Effect.gen(function*() {
    const posted: Array<Posted> = []
    const notice = new Notice()
    const http = yield* Effect.acquireRelease(
      Effect.callback<ReturnType<typeof createServer>>((resume) => {
        const made = createServer({ keepAlive: false }, (request, response) => {
          const chunks: Array<Buffer> = []
          request.on("data", (chunk: Buffer) => chunks.push(chunk))
          request.on("end", () => {
            posted.push({
              method: request.method,
              headers: request.headers,
              body: Buffer.concat(chunks).toString("latin1")
            })
            response.setHeader("connection", "close")
            answer(response, posted.length)
            notice.notify()
          })
        })
        made.listen(0, "127.0.0.1", () => resume(Effect.succeed(made)))
      }),
      (made) =>
        Effect.callback<void>((resume) => {
          made.close(() => resume(Effect.void))
          made.closeAllConnections()
        })
    )
    const url = `http://127.0.0.1:${(http.address() as AddressInfo).port}/in?token=secret`
    return { url, posted, received: (count: number) => notice.when(() => posted.length >= count || undefined) }
  })

const ok = (response: ServerResponse) => response.end("ok")

type Options = Omit<Parameters<typeof httpSink>[1], "type">
const sinkOf = (bench: Effect.Success<ReturnType<typeof make>>, options: Options) =>
  Effect.provide(httpSink("hook", { type: "http", ...options }), bench.tools)

const scoped = <A, E>(effect: Effect.Effect<A, E, Scope.Scope>) => Effect.scoped(effect)

describe("a sink that is an HTTP server", () => {
  it.live("is sent each message as it is, and what is known of it in headers", () =>
    Effect.gen(function*() {
      const bench = yield* make()
      const { posted, url } = yield* server(ok)
      yield* scoped(Effect.gen(function*() {
        const sink = yield* sinkOf(bench, {
          url: Redacted.make(url),
          headers: { "X-Key": "k" },
          auth: { bearer: Redacted.make("t") }
        })
        yield* sink.offer(deliveries("hello", new Uint8Array([0xff])))
      }))
      expect(posted).toMatchObject([
        {
          method: "POST",
          body: "hello",
          headers: {
            "content-type": "text/plain; charset=utf-8",
            "x-holdfast-connection": "feed",
            "x-holdfast-at": "2026-01-01T00:00:00.000Z",
            "x-holdfast-session": "3",
            "x-key": "k",
            authorization: "Bearer t"
          }
        },
        { body: "\xff", headers: { "content-type": "application/octet-stream" } }
      ])
    }))

  it.live("is told the credentials of its url, which no request may have", () =>
    Effect.gen(function*() {
      const bench = yield* make()
      const { posted, url } = yield* server(ok)
      const own = url.replace("//", "//me:p%40ss@")
      yield* scoped(Effect.flatMap(sinkOf(bench, { url: own }), (sink) => sink.offer(deliveries("a"))))
      const auth = { bearer: Redacted.make("t") }
      yield* scoped(Effect.flatMap(sinkOf(bench, { url: own, auth }), (sink) => sink.offer(deliveries("b"))))
      expect(posted.map(({ headers }) => headers["authorization"])).toEqual([
        `Basic ${Buffer.from("me:p@ss").toString("base64")}`,
        "Bearer t"
      ])
    }))

  it.live("says why a url cannot be used at all, without the url", () =>
    Effect.gen(function*() {
      const bench = yield* make()
      // A port that the fetch standard blocks.
      const url = Redacted.make("http://127.0.0.1:6000/secret")
      yield* scoped(Effect.flatMap(sinkOf(bench, { url, retry: false }), (sink) => sink.offer(deliveries("a"))))
      expect(bench.notes[0]).toContain("the server cannot be reached: bad port")
      expect(bench.notes.join("\n")).not.toContain("secret")
    }))

  it.live("does not quote a header that cannot be sent", () =>
    Effect.gen(function*() {
      const bench = yield* make()
      const { url } = yield* server(ok)
      for (const token of ["se\ncret", "secret\u20ac"]) {
        const headers = { authorization: Redacted.make(`Bearer ${token}`) }
        yield* scoped(
          Effect.flatMap(sinkOf(bench, { url, headers, retry: false }), (sink) => sink.offer(deliveries("a")))
        )
      }
      expect(bench.notes.filter((note) => note.includes("its url or a header is not valid"))).toHaveLength(2)
      expect(bench.notes.join("\n")).not.toMatch(/se\s?cret/)
    }))

  it.live("is sent many at once, where a batch is asked for", () =>
    Effect.gen(function*() {
      const bench = yield* make()
      const { posted, url } = yield* server(ok)
      yield* scoped(Effect.gen(function*() {
        const sink = yield* sinkOf(bench, { url, batch: { messages: 3, within: "1 hour" }, method: "PUT" })
        yield* sink.offer(deliveries("a", "b", "c", "d"))
      }))
      expect(posted.map(({ body, method }) => [method, body.trim().split("\n").length])).toEqual([["PUT", 3], [
        "PUT",
        1
      ]])
      expect(posted[0]?.headers["content-type"]).toBe("application/x-ndjson")
      expect(posted[0]?.body).toContain(`"text":"a"`)
    }))

  it.live("is tried again after 503 and a lost connection, in order", () =>
    Effect.gen(function*() {
      const bench = yield* make()
      const { posted, received, url } = yield* server((response, count) => {
        if (count === 1) response.writeHead(503).end()
        else if (count === 2) response.destroy()
        else ok(response)
      })
      yield* scoped(Effect.gen(function*() {
        const sink = yield* sinkOf(bench, { url, retry: { first: "20 ms", cap: "20 ms" } })
        yield* sink.offer(deliveries("a", "b"))
        yield* received(4)
      }))
      expect(posted.map(({ body }) => body)).toEqual(["a", "a", "a", "b"])
      expect(bench.notes).toEqual([
        "error: sink hook: the server answered with 503; 2 messages waiting, and it is tried again",
        "info: sink hook: takes messages again"
      ])
    }))

  it.live("has Retry-After its way", () =>
    Effect.gen(function*() {
      const bench = yield* make()
      const times: Array<number> = []
      const { received, url } = yield* server((response, count) => {
        times.push(performance.now())
        if (count === 1) response.writeHead(429, { "retry-after": "1" }).end()
        else ok(response)
      })
      yield* scoped(Effect.gen(function*() {
        const sink = yield* sinkOf(bench, { url, retry: { first: "1 ms" } })
        yield* sink.offer(deliveries("a"))
        yield* received(2)
      }))
      expect(times[1]! - times[0]!).toBeGreaterThan(950)
    }))

  it.live("that refuses a message is not sent it again", () =>
    Effect.gen(function*() {
      const bench = yield* make()
      const { posted, url } = yield* server((response, count) =>
        count === 1 ? response.writeHead(400).end() : ok(response)
      )
      yield* scoped(Effect.flatMap(sinkOf(bench, { url }), (sink) => sink.offer(deliveries("a", "b"))))
      expect(posted.map(({ body }) => body)).toEqual(["a", "b"])
      expect(bench.notes).toEqual(["error: sink hook: the server answered with 400; 1 message lost so far"])
    }))

  it.live("that cannot be reached keeps nobody longer than it may, and no secret is told", () =>
    Effect.gen(function*() {
      const bench = yield* make()
      const url = `http://127.0.0.1:${yield* closedPort}/?token=secret`
      yield* scoped(
        Effect.flatMap(sinkOf(bench, { url, retry: { first: "20 ms" } }), (sink) => sink.offer(deliveries("a")))
      )
      expect(bench.notes).toEqual([
        "error: sink hook: the server cannot be reached: ECONNREFUSED; 1 message waiting, and it is tried again",
        "error: sink hook: closed with 1 message not written"
      ])
    }))

  it.live("that does not answer in time is tried again", () =>
    Effect.gen(function*() {
      const bench = yield* make()
      const { received, url } = yield* server((response, count) => void (count > 1 && ok(response)))
      yield* scoped(Effect.gen(function*() {
        const sink = yield* sinkOf(bench, { url, timeout: "50 ms", retry: { first: "1 ms" } })
        yield* sink.offer(deliveries("a"))
        yield* received(2)
      }))
      expect(bench.notes[0]).toContain("the server did not answer within 50ms")
    }))
})
