// Peers that do not read, and pauses of our own.
import { assert, describe } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { type Cases, reasonOf, take, until } from "./bench.ts"

export const backpressure = ({ capabilities, open, pass, test, testWhere }: Cases): void => {
  describe("a peer that does not read", () => {
    test("makes what is sent pile up, and drained waits until it reads again", (bench) =>
      Effect.gen(function*() {
        const { link, peer } = yield* open(bench)
        yield* peer.pauseReading
        const chunk = new Uint8Array(256 * 1024)
        let sent = 0
        // The kernel takes some MiB before anything stays here.
        while (link.buffered() <= 1024 * 1024 && sent < 256) {
          assert.isTrue(link.offer(chunk))
          sent++
          yield* Effect.yieldNow
        }
        assert.isAbove(link.buffered(), 1024 * 1024)
        const drained = yield* Effect.forkChild(link.drained(64 * 1024), { startImmediately: true })
        const flushed = yield* Effect.forkChild(link.flush, { startImmediately: true })
        yield* pass
        assert.isUndefined(drained.pollUnsafe())
        assert.isUndefined(flushed.pollUnsafe())
        yield* peer.resumeReading
        yield* Fiber.join(drained)
        yield* Fiber.join(flushed)
        assert.strictEqual(link.buffered(), 0)
        yield* until(Effect.map(peer.received, (received) => received.length === sent))
      }))

    test("keeps nobody waiting beyond the end", (bench) =>
      Effect.gen(function*() {
        const { link, peer } = yield* open(bench)
        yield* peer.pauseReading
        for (let i = 0; i < 256 && link.buffered() <= 1024 * 1024; i++) {
          link.offer(new Uint8Array(256 * 1024))
          yield* Effect.yieldNow
        }
        const drained = yield* Effect.forkChild(Effect.flip(link.drained(0)), { startImmediately: true })
        yield* link.terminate
        assert.strictEqual((yield* Fiber.join(drained)).reason._tag, "AbnormalClosure")
        // A platform that can only close first has to get rid of what piled up.
        yield* peer.resumeReading
      }))
  })

  describe("a pause", () => {
    testWhere(capabilities.pause)(
      "holds everything back, and resume delivers it in order, the end last",
      (bench) =>
        Effect.gen(function*() {
          const { link, peer } = yield* open(bench)
          const calls: Array<unknown> = []
          link.receive({
            onMessage: (message) => calls.push(message),
            onEnd: (error) => calls.push(error.reason._tag)
          })
          link.pause()
          link.pause()
          assert.isTrue(link.paused())
          yield* peer.send("one")
          yield* peer.ping
          yield* peer.send("two")
          yield* peer.close(1001)
          yield* pass
          assert.deepStrictEqual(calls, [])
          assert.deepStrictEqual(yield* peer.pongs, [])
          // Sending goes on.
          assert.isTrue(link.offer("from a paused link"))
          assert.strictEqual(yield* peer.receive, "from a paused link")
          link.resume()
          assert.isFalse(link.paused())
          yield* Effect.ignore(link.ended)
          yield* pass
          assert.deepStrictEqual(calls, ["one", "two", "GoingAway"])
          assert.strictEqual((yield* peer.pongs).length, 1)
          assert.strictEqual((yield* peer.closed).code, 1001)
        })
    )

    testWhere(capabilities.pause)("does not hide the answer to our own Close", (bench) =>
      Effect.gen(function*() {
        const { link, peer } = yield* open(bench)
        link.pause()
        yield* link.close(1000, "")
        yield* peer.closed
        assert.include(yield* reasonOf(link.ended), { _tag: "NormalClosure", initiator: "self" })
      }))

    testWhere(capabilities.pause)("does not keep a terminated link", (bench) =>
      Effect.gen(function*() {
        const { link, peer } = yield* open(bench)
        link.pause()
        yield* peer.send("unread")
        yield* link.terminate
        yield* link.released
        link.resume()
        yield* until(Effect.map(bench.server.openLinks, (links) => links === 0))
      }))

    testWhere(!capabilities.pause)("cannot be paused, and does not claim to be", (bench) =>
      Effect.gen(function*() {
        const { link, peer } = yield* open(bench)
        link.pause()
        assert.isFalse(link.paused())
        yield* peer.send("still")
        assert.deepStrictEqual(yield* take(link, 1), ["still"])
      }))
  })
}
