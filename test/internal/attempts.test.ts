import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Logger from "effect/Logger"
import * as References from "effect/References"
import { TestClock } from "effect/testing"
import { connect, settle } from "../support/connect.ts"

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
