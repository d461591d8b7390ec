import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Logger from "effect/Logger"
import * as References from "effect/References"
import { TestClock } from "effect/testing"
import { collect, connect, settle } from "../support/connect.ts"

describe("what is logged", () => {
  it.effect("carries the connection, the attempt and, where there is one, the session", () =>
    Effect.gen(function*() {
      const lines: Array<readonly [message: string, annotations: unknown]> = []
      const logger = Logger.make(({ fiber, message }) => {
        lines.push([String(message), fiber.getRef(References.CurrentLogAnnotations)])
      })
      const { connection, server } = yield* connect({
        connection: { name: "feed" },
        handshake: { greet: () => Effect.log("greeting") },
        server: (server) => server.next.refuse("ECONNREFUSED")
      }).pipe(
        Effect.provideService(References.CurrentLoggers, new Set([logger])),
        Effect.provideService(References.MinimumLogLevel, "All")
      )
      yield* settle
      yield* TestClock.adjust("1 second")
      yield* connection.awaitOpen
      yield* Effect.flatMap(server.peer, (peer) => peer.close(1008, "banned"))
      yield* settle
      const annotated = (part: string) => lines.find(([message]) => message.includes(part))?.[1]
      assert.deepStrictEqual(annotated("attempt 1 failed"), { connection: "feed", attempt: 1 })
      assert.deepStrictEqual(annotated("greeting"), { connection: "feed", attempt: 2 })
      assert.deepStrictEqual(annotated("session 1 ended"), { connection: "feed", attempt: 2, session: 1 })
      assert.deepStrictEqual(annotated("closed for good"), { connection: "feed", attempt: 2 })
    }))
})

describe("every attempt is announced", () => {
  const lazy = { start: "lazy" } as const
  const url = "ws://server.test/feed?token=secret"

  for (const part of ["headers", "subprotocols"] as const) {
    it.effect(`${part} that fail: with the endpoint of a url that is a plain value`, () =>
      Effect.gen(function*() {
        const { connection } = yield* connect({
          connection: lazy,
          handshake: { url, [part]: Effect.fail("no token") }
        })
        const events = yield* collect(connection.events)
        assert.isTrue(yield* connection.reconnect())
        yield* settle
        assert.deepStrictEqual(events.slice(0, 2).map((event) => event._tag), ["Dialling", "AttemptFailed"])
        const [dialling] = events
        assert(dialling?._tag === "Dialling")
        assert.deepStrictEqual([dialling.attempt, dialling.endpoint], [1, "ws://server.test/feed"])
      }))
  }

  it.effect("a url that fails: without an endpoint at first, then with the last one", () =>
    Effect.gen(function*() {
      let calls = 0
      const { connection, server } = yield* connect({
        connection: lazy,
        handshake: { url: Effect.suspend(() => ++calls === 2 ? Effect.succeed(url) : Effect.fail("no url")) },
        server: (server) => server.next.refuse("ECONNREFUSED")
      })
      const events = yield* collect(connection.events)
      assert.isTrue(yield* connection.reconnect())
      yield* TestClock.adjust("2 seconds")
      assert.deepStrictEqual(
        events.flatMap((event) => event._tag === "Dialling" ? [[event.attempt, event.endpoint]] : []),
        [[1, ""], [2, "ws://server.test/feed"], [3, "ws://server.test/feed"]]
      )
      assert.strictEqual((yield* server.dials).length, 1)
    }))

  it.effect("one that a close cut short too: there are as many as were counted", () =>
    Effect.gen(function*() {
      const { connection } = yield* connect({ connection: lazy, handshake: { url: Effect.never } })
      const events = yield* collect(connection.events)
      assert.isTrue(yield* connection.reconnect())
      yield* settle
      assert.deepStrictEqual(events, [])
      yield* connection.close()
      yield* settle
      assert.deepStrictEqual(events.map((event) => event._tag), ["Dialling", "Closed"])
      const closed = events.at(-1)
      assert(closed?._tag === "Closed")
      assert.strictEqual(closed.dials, 1)
    }))
})
