// A link that opens.
import { assert, describe } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Headers from "effect/http/Headers"
import * as Option from "effect/Option"
import type { DialPhase } from "../../../src/Transport.ts"
import { type Cases, reasonOf, sendEach, take, until } from "./bench.ts"

const order: ReadonlyArray<DialPhase> = ["dns", "tcp", "tls", "response"]

export const opening = ({ capabilities, open, pass, test, testWhere }: Cases): void => {
  describe("opening", () => {
    test("says what it can do", ({ transport }) =>
      Effect.sync(() => assert.deepStrictEqual(transport.capabilities, capabilities)))

    test("knows its endpoint, and that it is open", ({ dial }) =>
      Effect.gen(function*() {
        const link = yield* dial({ endpoint: "ws://somewhere/" })
        assert.strictEqual(link.endpoint, "ws://somewhere/")
        assert.isTrue(link.writable())
        assert.isFalse(link.paused())
        assert.strictEqual(link.buffered(), 0)
        assert.isUndefined(link.failure())
      }))

    test("tells which phase the dial has reached, the response last", ({ dial }) =>
      Effect.gen(function*() {
        const phases: Array<DialPhase> = []
        yield* dial({}, (phase) => phases.push(phase))
        assert.strictEqual(phases.at(-1), "response")
        assert.deepStrictEqual(phases, phases.toSorted((a, b) => order.indexOf(a) - order.indexOf(b)))
      }))

    test("loses nothing that the server sends right after the 101", ({ dial, server }) =>
      Effect.gen(function*() {
        const sent = yield* server.peer.pipe(
          Effect.tap((peer) => sendEach(peer, ["first", "second", "third"])),
          Effect.forkChild({ startImmediately: true })
        )
        const link = yield* dial()
        yield* Fiber.join(sent)
        yield* pass
        assert.deepStrictEqual(yield* take(link, 3), ["first", "second", "third"])
      }))

    test("names the subprotocol that the server chose", ({ dial, server }) =>
      Effect.gen(function*() {
        yield* server.next.accept({ subprotocol: "v2" })
        const link = yield* dial({ subprotocols: ["v1", "v2"] })
        assert.deepStrictEqual(link.subprotocol, Option.some("v2"))
        assert.deepStrictEqual((yield* server.dials).at(-1)?.request.subprotocols, ["v1", "v2"])
      }))

    test("has no subprotocol where none was offered", (bench) =>
      Effect.map(open(bench), ({ link }) => assert.deepStrictEqual(link.subprotocol, Option.none())))

    test("fails where subprotocols were offered and the server names none", ({ dial, server }) =>
      Effect.gen(function*() {
        yield* server.next.accept({ subprotocol: "" })
        const reason = yield* reasonOf(dial({ subprotocols: ["v1"] }))
        // A platform that explains nothing may have refused it before we could.
        const explained = capabilities.response || reason._tag !== "ConnectFailed"
        assert.include(reason, explained ? { _tag: "HandshakeInvalid", check: "subprotocol" } : { code: "UNKNOWN" })
        yield* until(Effect.map(server.openLinks, (links) => links === 0))
      }))

    test("keeps connections apart", ({ dial, server }) =>
      Effect.gen(function*() {
        const one = { link: yield* dial(), peer: yield* server.peer }
        const two = { link: yield* dial(), peer: yield* server.peer }
        yield* one.peer.send("to one")
        yield* two.peer.send("to two")
        assert.deepStrictEqual(yield* take(two.link, 1), ["to two"])
        yield* one.link.terminate
        yield* two.link.write(["from two"])
        assert.strictEqual(yield* two.peer.receive, "from two")
        assert.deepStrictEqual(yield* one.peer.received, [])
      }))

    testWhere(capabilities.response)("shows the server's answer", ({ dial, server }) =>
      Effect.gen(function*() {
        yield* server.next.accept({ headers: { "x-server": "seven" } })
        const response = Option.getOrThrow((yield* dial()).response)
        assert.strictEqual(response.status, 101)
        assert.strictEqual(response.headers["x-server"], "seven")
        assert.strictEqual(response.headers["upgrade"], "websocket")
      }))
    testWhere(!capabilities.response)(
      "has no answer to show",
      ({ dial }) => Effect.map(dial(), (link) => assert.deepStrictEqual(link.response, Option.none()))
    )

    testWhere(capabilities.headers)("sends the request's headers", ({ dial, server }) =>
      Effect.gen(function*() {
        yield* dial({ headers: Headers.fromInput({ authorization: "Bearer x", "x-more": "1" }) })
        const { headers } = (yield* server.dials)[0]!.request
        assert.strictEqual(headers["authorization"], "Bearer x")
        assert.strictEqual(headers["x-more"], "1")
      }))
    testWhere(!capabilities.headers)(
      "refuses headers, which it cannot send, and names them without their values",
      ({ dial, server }) =>
        Effect.gen(function*() {
          const error = yield* Effect.flip(dial({ headers: Headers.fromInput({ "x-token": "secret" }) }))
          assert.include(error.reason, { _tag: "InvalidRequest", option: "headers" })
          assert.include(error.message, "x-token")
          assert.notInclude(error.message, "secret")
          assert.strictEqual(yield* server.openLinks, 0)
        })
    )
  })
}
