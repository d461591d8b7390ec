// A dial that fails.
import { assert, describe } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import { type Cases, reasonOf, take, until } from "./bench.ts"

export const failing = ({ capabilities, test, testWhere }: Cases): void => {
  describe("a dial that fails", () => {
    testWhere(capabilities.response)(
      "by a status shows it with headers, body and the wait asked for",
      ({ dial, server }) =>
        Effect.gen(function*() {
          yield* server.reject(503, {
            headers: { "retry-after": "7", "x-why": "full", "set-cookie": "id=secret" },
            body: "come back later"
          })
          const error = yield* Effect.flip(dial())
          assert.strictEqual(error.attempt, 3)
          const reason = error.reason
          assert(reason._tag === "HandshakeRejected")
          assert.strictEqual(reason.status, 503)
          assert.strictEqual(reason.body, "come back later")
          assert.strictEqual(reason.headers["x-why"], "full")
          assert.notInclude(reason.headers["set-cookie"], "secret")
          assert.deepStrictEqual(reason.retryAfter, Option.some(Duration.seconds(7)))
          yield* until(Effect.map(server.openLinks, (links) => links === 0))
        })
    )

    for (const status of [200, 302, 401, 404, 426, 500]) {
      testWhere(capabilities.response)(
        `by the status ${status} shows it`,
        ({ dial, server }) =>
          Effect.gen(function*() {
            yield* server.reject(status)
            assert.include(yield* reasonOf(dial()), { _tag: "HandshakeRejected", status })
          })
      )
    }

    testWhere(capabilities.response)(
      "keeps the first KiB of a long body",
      ({ dial, server }) =>
        Effect.gen(function*() {
          yield* server.reject(500, { body: "x".repeat(5000) })
          const reason = yield* reasonOf(dial())
          assert(reason._tag === "HandshakeRejected")
          assert.strictEqual(reason.body, "x".repeat(1024))
        })
    )

    for (const [code, phase] of [["ECONNREFUSED", "tcp"], ["ENOTFOUND", "dns"]] as const) {
      testWhere(capabilities.response)(`by ${code} says so`, ({ dial, server }) =>
        Effect.gen(function*() {
          yield* server.next.refuse(code)
          assert.include(yield* reasonOf(dial()), { _tag: "ConnectFailed", code, phase })
          assert.strictEqual((yield* server.dials).length, 1)
          yield* until(Effect.map(server.openLinks, (links) => links === 0))
        }))
    }

    for (const check of ["http", "upgrade", "connection", "accept", "extensions", "subprotocol"] as const) {
      testWhere(capabilities.response)(
        `by an answer that is wrong in "${check}" names the check`,
        ({ dial, server }) =>
          Effect.gen(function*() {
            yield* server.next.invalid(check)
            assert.include(yield* reasonOf(dial({ subprotocols: ["v1"] })), { _tag: "HandshakeInvalid", check })
            yield* until(Effect.map(server.openLinks, (links) => links === 0))
          })
      )
    }

    testWhere(capabilities.response)(
      "by another status where a 101 was due is a refusal",
      ({ dial, server }) =>
        Effect.gen(function*() {
          yield* server.next.invalid("status")
          assert.include(yield* reasonOf(dial()), { _tag: "HandshakeRejected", status: 200 })
        })
    )
    testWhere(!capabilities.response)(
      "by a status, a refused connection or an invalid answer is one that the platform does not explain",
      (bench) =>
        Effect.gen(function*() {
          const { dial, server } = bench
          yield* server.next.reject(503)
          yield* server.next.refuse("ECONNREFUSED")
          yield* server.next.invalid("accept")
          yield* server.next.invalid("upgrade")
          for (let i = 0; i < 4; i++) {
            assert.include(yield* reasonOf(dial()), { _tag: "ConnectFailed", phase: "response", code: "UNKNOWN" })
          }
          yield* until(Effect.map(server.openLinks, (links) => links === 0))
        })
    )

    test("leaves the next one alone", ({ dial, server }) =>
      Effect.gen(function*() {
        yield* server.next.reject(500)
        yield* Effect.flip(dial())
        const link = yield* dial()
        yield* (yield* server.peer).send("welcome")
        assert.deepStrictEqual(yield* take(link, 1), ["welcome"])
        assert.strictEqual((yield* server.dials).length, 2)
      }))

    test("by interruption while it waits for an answer leaves no descriptor", ({ dial, server }) =>
      Effect.gen(function*() {
        yield* server.stall
        const fiber = yield* Effect.forkChild(dial())
        yield* until(Effect.map(server.dials, (dials) => dials.length === 1))
        assert.strictEqual(yield* server.openLinks, 1)
        // The scope of the dial, which is the test's, is still open.
        yield* Fiber.interrupt(fiber)
        yield* until(Effect.map(server.openLinks, (links) => links === 0))
      }))

    test("by interruption at once leaves no descriptor", ({ dial, server }) =>
      Effect.gen(function*() {
        const fiber = yield* Effect.forkChild(dial(), { startImmediately: true })
        yield* Fiber.interrupt(fiber)
        yield* until(Effect.map(server.openLinks, (links) => links === 0))
      }))
  })
}
