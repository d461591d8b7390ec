// How a link ends, by the peer and by us.
import { assert, describe } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { ConnectionError, fromCloseFrame } from "../../../src/ConnectionError.ts"
import { type Cases, drain, reasonOf, until } from "./bench.ts"

const legalCodes = [
  1000,
  1001,
  1002,
  1003,
  1005,
  1007,
  1008,
  1009,
  1010,
  1011,
  1012,
  1013,
  1014,
  3000,
  3003,
  3008,
  3999,
  4000,
  4999
]
const illegalCodes = [0, 999, 1004, 1006, 1015, 1016, 2999, 5000, 65_535]

export const ending = ({ capabilities, open, test, testWhere }: Cases): void => {
  describe("the end", () => {
    test("has the reason of the peer's Close frame, after the last message, for every legal code", (bench) =>
      Effect.gen(function*() {
        for (const code of legalCodes) {
          const { link, peer } = yield* open(bench)
          yield* peer.send("last words")
          yield* peer.close(code, code === 1005 ? "" : `because ${code}`)
          const { error, messages } = yield* drain(link)
          assert.deepStrictEqual(messages, ["last words"])
          const expected = fromCloseFrame({
            code,
            closeReason: code === 1005 ? "" : `because ${code}`,
            initiator: "peer"
          })
          assert.deepStrictEqual(
            error,
            new ConnectionError({ reason: expected, attempt: 3, endpoint: link.endpoint })
          )
          if (capabilities.closeCodes === "any") assert.strictEqual((yield* peer.closed).code, code)
          yield* link.released
        }
        yield* until(Effect.map(bench.server.openLinks, (links) => links === 0))
      }))

    testWhere(capabilities.closeCodes === "any")(
      "is a violation that we answer with 1002 where the peer's close code is illegal",
      (bench) =>
        Effect.gen(function*() {
          for (const code of illegalCodes) {
            const { link, peer } = yield* open(bench)
            yield* peer.close(code)
            const reason = yield* reasonOf(link.ended)
            assert.include(reason, { _tag: "ProtocolViolation", code: 1002, initiator: "self" })
            assert.strictEqual((yield* peer.closed).code, 1002)
          }
        })
    )

    test("is AbnormalClosure where the connection is cut, after the last message", (bench) =>
      Effect.gen(function*() {
        const { link, peer } = yield* open(bench)
        yield* peer.send("last words")
        yield* peer.drop
        const { error, messages } = yield* drain(link)
        assert.deepStrictEqual(messages, ["last words"])
        assert.include(error.reason, { _tag: "AbnormalClosure", code: 1006 })
        yield* link.released
        assert.deepStrictEqual(yield* peer.closed, { code: 1006, reason: "" })
      }))

    test("is the same error for everybody, also later", (bench) =>
      Effect.gen(function*() {
        const { link, peer } = yield* open(bench)
        yield* peer.close(4321, "enough")
        const error = yield* Effect.flip(link.ended)
        assert.strictEqual(yield* Effect.flip(link.ended), error)
        assert.strictEqual(yield* Effect.flip(link.pull), error)
        assert.strictEqual(yield* Effect.flip(link.drained(0)), error)
        assert.strictEqual(link.failure(), error)
        const told: Array<ConnectionError> = []
        link.receive({ onMessage: () => {}, onEnd: (error) => told.push(error) })
        assert.deepStrictEqual(told, [error])
      }))

    test("wakes who waits for it, or for messages", (bench) =>
      Effect.gen(function*() {
        const { link, peer } = yield* open(bench)
        const waiting = yield* Effect.forkChild(Effect.flip(link.ended))
        const pulling = yield* Effect.forkChild(Effect.flip(link.pull))
        yield* Effect.yieldNow
        yield* peer.close(1000)
        assert.strictEqual(yield* Fiber.join(waiting), yield* Fiber.join(pulling))
      }))

    test("makes every send fail as not sent", (bench) =>
      Effect.gen(function*() {
        const { link, peer } = yield* open(bench)
        yield* peer.close(1001)
        yield* Effect.ignore(link.ended)
        assert.isFalse(link.writable())
        assert.isFalse(link.offer("late"))
        const reason = yield* reasonOf(link.write(["late"]))
        assert.include(reason, { _tag: "SendFailed", delivery: "notSent" })
        assert(reason._tag === "SendFailed")
        assert.strictEqual(reason.cause.reason._tag, "GoingAway")
        yield* peer.closed
        assert.deepStrictEqual(yield* peer.received, [])
      }))
  })

  describe("our close", () => {
    test("sends the code and the reason, and is the reason of the end", (bench) =>
      Effect.gen(function*() {
        const { link, peer } = yield* open(bench)
        yield* link.write(["last words"])
        yield* link.close(4001, "good bye")
        assert.deepStrictEqual(yield* peer.closed, { code: 4001, reason: "good bye" })
        assert.deepStrictEqual(yield* peer.received, ["last words"])
        assert.deepStrictEqual(
          yield* reasonOf(link.ended),
          fromCloseFrame({ code: 4001, closeReason: "good bye", initiator: "self" })
        )
        yield* link.released
        yield* until(Effect.map(bench.server.openLinks, (links) => links === 0))
      }))

    test("is sent once", (bench) =>
      Effect.gen(function*() {
        const { link, peer } = yield* open(bench)
        yield* link.close(4001, "first")
        yield* link.close(4002, "second")
        assert.deepStrictEqual(yield* peer.closed, { code: 4001, reason: "first" })
        assert.include(yield* reasonOf(link.ended), { code: 4001, initiator: "self" })
        yield* link.released
        yield* link.close(4003, "third")
      }))

    test("takes no message any more", (bench) =>
      Effect.gen(function*() {
        const { link, peer } = yield* open(bench)
        yield* link.close(1000, "")
        assert.isFalse(link.writable())
        assert.isFalse(link.offer("late"))
        assert.include(yield* reasonOf(link.write(["late"])), { _tag: "SendFailed", delivery: "notSent" })
        yield* peer.closed
        assert.deepStrictEqual(yield* peer.received, [])
      }))

    test("delivers nothing that arrives after it", (bench) =>
      Effect.gen(function*() {
        const { link, peer } = yield* open(bench)
        yield* peer.pauseReading
        yield* link.close(4001, "")
        yield* peer.send("late")
        yield* peer.resumeReading
        const { error, messages } = yield* drain(link)
        assert.deepStrictEqual(messages, [])
        assert.include(error.reason, { code: 4001, initiator: "self" })
      }))

    test("sends 1000 in place of a code that may not be sent", (bench) =>
      Effect.gen(function*() {
        for (const code of capabilities.closeCodes === "any" ? [1006, 1005, 999, 1012, 5000] : [1006, 1001, 1011]) {
          const { link, peer } = yield* open(bench)
          yield* link.close(code, "why")
          assert.deepStrictEqual(yield* peer.closed, { code: 1000, reason: "why" })
          assert.include(yield* reasonOf(link.ended), { _tag: "NormalClosure", code: 1000, initiator: "self" })
        }
      }))

    test("cuts the reason to 123 bytes, on a code point", (bench) =>
      Effect.gen(function*() {
        const { link, peer } = yield* open(bench)
        yield* link.close(1000, "👋".repeat(40))
        assert.deepStrictEqual(yield* peer.closed, { code: 1000, reason: "👋".repeat(30) })
      }))

    test("that meets the peer's own keeps its code", (bench) =>
      Effect.gen(function*() {
        const { link, peer } = yield* open(bench)
        yield* peer.pauseReading
        yield* link.close(4001, "ours")
        yield* peer.close(4002, "theirs")
        yield* peer.resumeReading
        assert.include(yield* reasonOf(link.ended), { code: 4001, initiator: "self" })
        assert.deepStrictEqual(yield* peer.closed, { code: 4001, reason: "ours" })
      }))
  })
}
