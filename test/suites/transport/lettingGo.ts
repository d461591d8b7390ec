// What is left of a link that we let go of: nothing.
import { assert, describe } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { ConnectionClosed, ConnectionError } from "../../../src/ConnectionError.ts"
import { type Cases, until } from "./bench.ts"

export const lettingGo = ({ capabilities, open, test, testWhere }: Cases): void => {
  describe("letting go", () => {
    test("by terminate ends the link at once and frees the descriptor", (bench) =>
      Effect.gen(function*() {
        const { link, peer } = yield* open(bench)
        yield* link.terminate
        assert.strictEqual((yield* Effect.flip(link.ended)).reason._tag, "AbnormalClosure")
        assert.isFalse(link.offer("late"))
        yield* link.terminate
        yield* link.released
        yield* until(Effect.map(bench.server.openLinks, (links) => links === 0))
        // A browser has nothing but a Close frame to let go with.
        const closed = yield* peer.closed
        if (capabilities.closeCodes === "any") assert.deepStrictEqual(closed, { code: 1006, reason: "" })
      }))

    test("by abort ends it with the error given", (bench) =>
      Effect.gen(function*() {
        const { link, peer } = yield* open(bench)
        const error = new ConnectionError({ reason: new ConnectionClosed({}) })
        yield* link.abort(error)
        assert.strictEqual(yield* Effect.flip(link.pull), error)
        yield* link.released
        yield* peer.closed
      }))

    test("by closing the scope frees the descriptor, and nothing is delivered any more", ({ dial, server }) =>
      Effect.gen(function*() {
        const calls: Array<unknown> = []
        const link = yield* Effect.scoped(Effect.tap(dial(), (link) =>
          Effect.sync(() =>
            link.receive({
              onMessage: (message) => calls.push(message),
              onEnd: (error) => calls.push(error.reason._tag)
            })
          )))
        const peer = yield* server.peer
        yield* peer.send("too late")
        yield* link.released
        yield* peer.closed
        yield* until(Effect.map(server.openLinks, (links) => links === 0))
        assert.deepStrictEqual(calls, ["AbnormalClosure"])
      }))

    test("after the peer's Close still answers it", ({ dial, server }) =>
      Effect.gen(function*() {
        const peer = yield* Effect.scoped(Effect.gen(function*() {
          const link = yield* dial()
          const peer = yield* server.peer
          yield* peer.close(4000, "off you go")
          yield* Effect.ignore(link.ended)
          return peer
        }))
        const closed = yield* peer.closed
        if (capabilities.closeCodes === "any") assert.strictEqual(closed.code, 4000)
        yield* until(Effect.map(server.openLinks, (links) => links === 0))
      }))

    testWhere(capabilities.closeCodes === "any")(
      "of a peer that has fallen silent does not wait for it",
      (bench) =>
        Effect.gen(function*() {
          const { link, peer } = yield* open(bench)
          yield* peer.blackhole({ inbound: true, outbound: true })
          yield* link.write(["into the void"])
          yield* link.close(1000, "")
          yield* link.terminate
          yield* link.released
          yield* until(Effect.map(bench.server.openLinks, (links) => links === 0))
          assert.deepStrictEqual(yield* peer.received, [])
        })
    )
  })
}
