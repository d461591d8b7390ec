// Pings, ours and the peer's.
import { assert, describe } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { bytes, type Cases, reasonOf, until } from "./bench.ts"

export const pings = ({ capabilities, open, pass, testWhere }: Cases): void => {
  describe("pings", () => {
    testWhere(capabilities.ping)("are answered with their payload", (bench) =>
      Effect.gen(function*() {
        const { link } = yield* open(bench)
        const pongs: Array<string> = []
        yield* link.onPong((payload) => pongs.push(new TextDecoder().decode(payload)))
        const before = { inbound: link.lastInbound(), data: link.lastData() }
        yield* pass
        yield* link.ping(new TextEncoder().encode("one"))
        yield* link.ping(bytes())
        yield* until(Effect.sync(() => pongs.length === 2))
        assert.deepStrictEqual(pongs, ["one", ""])
        yield* until(Effect.sync(() => link.lastInbound() > before.inbound))
        assert.strictEqual(link.lastData(), before.data)
      }))

    testWhere(capabilities.ping)(
      "of the peer are answered, and are a sign of its life",
      (bench) =>
        Effect.gen(function*() {
          const { link, peer } = yield* open(bench)
          const pings: Array<Uint8Array> = []
          yield* link.onPing((payload) => pings.push(payload.slice()))
          const before = link.lastData()
          yield* pass
          yield* peer.ping
          yield* peer.ping
          yield* until(Effect.map(peer.pongs, (pongs) => pongs.length === 2))
          assert.isAbove(Number(link.lastData()), Number(before))
          assert.strictEqual(link.lastInbound(), link.lastData())
          const [first, second] = yield* peer.pongs
          assert.notDeepEqual(first, second)
          assert.deepStrictEqual(pings.map((ping) => [...ping]), [[...first!], [...second!]])
        })
    )

    testWhere(capabilities.ping)("may be a pong that nobody asked for", (bench) =>
      Effect.gen(function*() {
        const { link, peer } = yield* open(bench)
        assert.isTrue(link.sendPong(bytes(7)))
        assert.isFalse(link.sendPong(new Uint8Array(126)))
        yield* until(Effect.map(peer.pongs, (pongs) => pongs.length === 1))
        assert.deepStrictEqual((yield* peer.pongs).map((pong) => [...pong]), [[7]])
        yield* link.close(1000, "")
        assert.isFalse(link.sendPong(bytes(8)))
      }))

    testWhere(capabilities.ping)("are not answered by a peer behind a black hole", (bench) =>
      Effect.gen(function*() {
        for (const hole of [{ inbound: true }, { outbound: true }]) {
          const { link, peer } = yield* open(bench)
          let pongs = 0
          yield* link.onPong(() => pongs++)
          yield* peer.blackhole(hole)
          yield* link.ping(bytes(1))
          yield* pass
          assert.strictEqual(pongs, 0)
          assert.isTrue(link.writable())
        }
      }))

    testWhere(capabilities.ping)("fail once the link has ended", (bench) =>
      Effect.gen(function*() {
        const { link, peer } = yield* open(bench)
        yield* peer.close(1000)
        yield* Effect.ignore(link.ended)
        assert.include(yield* reasonOf(link.ping(bytes())), { _tag: "SendFailed", delivery: "notSent" })
      }))

    testWhere(!capabilities.ping)("cannot send pings, and says what to use", (bench) =>
      Effect.gen(function*() {
        const { link } = yield* open(bench)
        const error = yield* Effect.flip(link.ping(bytes()))
        assert.strictEqual(error.reason._tag, "InvalidRequest")
        assert.include(error.message, "layerMessage")
        assert.isFalse(link.sendPong(bytes()))
      }))
  })
}
