import { describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { expect } from "vitest"
import { largestBody } from "../../../src/cli/page/messages.ts"
import { ConnectionClosed, ConnectionError, SendFailed } from "../../../src/ConnectionError.ts"
import { lost } from "../../support/fakeFleet.ts"
import { ask } from "../../support/httpRequest.ts"
import { type PageServer, start } from "../../support/pageServer.ts"

const post = (server: PageServer, body: string | Uint8Array, type?: string, path = "/connections/feed/messages") =>
  ask(server.url(path), { method: "POST", body, headers: type === undefined ? {} : { "content-type": type } })

const failed = (cause: ConnectionError, delivery: "notSent" | "unknown" = "notSent") =>
  Effect.fail(new ConnectionError({ reason: new SendFailed({ delivery, cause }) }))

describe("sending over HTTP", () => {
  it.live("sends one message as it is: text by default, binary on request", () =>
    Effect.gen(function*() {
      const server = yield* start()
      const first = yield* post(server, "hello\n", "text/plain")
      expect([first.status, first.json()]).toEqual([202, { connection: "feed", sent: 1 }])
      yield* post(server, "{\"a\":1}", "application/json; charset=utf-8")
      yield* post(server, "\ufeffé")
      yield* post(server, Uint8Array.of(0, 255, 10), "application/octet-stream")
      yield* post(server, "")
      expect(server.sent.map((message) => typeof message === "string" ? message : [...message])).toEqual([
        "hello\n",
        "{\"a\":1}",
        "\ufeffé",
        [0, 255, 10],
        ""
      ])
    }))

  it.live("sends a message per line of NDJSON, all of which make sense or none is sent", () =>
    Effect.gen(function*() {
      const server = yield* start()
      const sent = yield* post(server, "{\"a\":1}\r\n\n\"two\"\n3", "application/x-ndjson")
      expect([sent.status, sent.json().sent]).toEqual([202, 3])
      expect(server.sent).toEqual(["{\"a\":1}", "\"two\"", "3"])
      const broken = yield* post(server, "1\n2\n{\n", "application/x-ndjson")
      expect([broken.status, broken.json().message]).toEqual([400, "Line 3 is not JSON; nothing was sent."])
      expect(server.sent).toHaveLength(3)
    }))

  it.live("says what to do about a body that is not text", () =>
    Effect.gen(function*() {
      const server = yield* start()
      const bad = yield* post(server, Uint8Array.of(0xff), "text/plain")
      expect([bad.status, bad.json().error]).toEqual([400, "badText"])
      expect(bad.json().advice).toContain("application/octet-stream")
      const form = yield* post(server, "hello", "application/x-www-form-urlencoded")
      expect([form.status, form.json().error]).toEqual([415, "unsupportedType"])
      expect(form.json().advice).toContain("curl -H")
    }))

  it.live("says that there is no such connection, or that it is closed for good", () =>
    Effect.gen(function*() {
      const server = yield* start()
      const unknown = yield* post(server, "x", "text/plain", "/connections/nobody/messages")
      expect([unknown.status, unknown.json().message]).toEqual([
        404,
        "There is no connection \"nobody\". There are: feed."
      ])
      server.sends(failed(new ConnectionError({ reason: new ConnectionClosed({}) })))
      expect((yield* post(server, "x")).status).toBe(409)
      server.report("feed", { state: "Closed" })
      const closed = yield* post(server, "x")
      expect([closed.status, closed.json().error]).toEqual([409, "closed"])
    }))

  it.live("waits for the connection no longer than it was told, and then does not send", () =>
    Effect.gen(function*() {
      const server = yield* start()
      server.sends(Effect.never)
      const late = yield* post(server, "x", "text/plain", "/connections/feed/messages?timeout=0.05")
      expect([late.status, late.json().error, late.headers["retry-after"]]).toEqual([503, "timeout", "5"])
      for (const timeout of ["-1", "61", "", "soon", "1e3"]) {
        const path = `/connections/feed/messages?timeout=${timeout}`
        expect((yield* post(server, "x", "text/plain", path)).status).toBe(400)
      }
    }))

  it.live("says how many were sent, and whether the one that failed may have arrived", () =>
    Effect.gen(function*() {
      const server = yield* start()
      let sends = 0
      server.sends(Effect.suspend(() => ++sends < 3 ? Effect.void : failed(lost(), "unknown")))
      const answer = yield* post(server, "1\n2\n3\n4\n", "application/x-ndjson")
      expect(answer.status).toBe(503)
      expect(answer.json()).toMatchObject({ error: "notSent", reason: "AbnormalClosure", delivery: "unknown", sent: 2 })
    }))

  it.live("takes no more than fits", () =>
    Effect.gen(function*() {
      const server = yield* start()
      const { json, status } = yield* post(server, new Uint8Array(largestBody + 1), "application/octet-stream")
      expect([status, json().error]).toEqual([413, "tooLarge"])
      expect((yield* post(server, new Uint8Array(largestBody), "application/octet-stream")).status).toBe(202)
      expect(server.sent).toHaveLength(1)
    }))
})
