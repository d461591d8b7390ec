// What is sent and received.
import { assert, describe } from "@effect/vitest"
import * as Array from "effect/Array"
import * as Effect from "effect/Effect"
import type { Message } from "../../../src/Link.ts"
import { bytes, type Cases, same, sendEach, take, until } from "./bench.ts"

export const messages = ({ open, pass, test }: Cases): void => {
  describe("messages", () => {
    test("arrive in order and as what they were, text or binary", (bench) =>
      Effect.gen(function*() {
        const { link, peer } = yield* open(bench)
        const messages = ["text", bytes(1, 2, 3), "Grüße, 世界 👋", bytes(255, 0)]
        yield* sendEach(peer, messages)
        const received = yield* take(link, 4)
        assert.deepStrictEqual(received, messages)
        assert.strictEqual(Object.getPrototypeOf(received[1]), Uint8Array.prototype)
      }))

    test("are sent in order and as what they are, text or binary", (bench) =>
      Effect.gen(function*() {
        const { link, peer } = yield* open(bench)
        const messages = ["text", bytes(1, 2, 3), "Grüße, 世界 👋", bytes(255, 0)] as const
        yield* link.write(messages)
        assert.isTrue(link.offer("offered"))
        for (const message of [...messages, "offered"]) assert.deepStrictEqual(yield* peer.receive, message)
        assert.strictEqual((yield* peer.received).length, 5)
      }))

    test("may be empty", (bench) =>
      Effect.gen(function*() {
        const { link, peer } = yield* open(bench)
        yield* link.write(["", bytes(), "end"])
        assert.deepStrictEqual([yield* peer.receive, yield* peer.receive, yield* peer.receive], ["", bytes(), "end"])
        yield* sendEach(peer, ["", bytes(), "end"])
        assert.deepStrictEqual(yield* take(link, 3), ["", bytes(), "end"])
      }))

    test("may be longer than 64 KiB", (bench) =>
      Effect.gen(function*() {
        const { link, peer } = yield* open(bench)
        const text = "ä".repeat(100_000)
        const binary = new Uint8Array(300_000).map((_, index) => index % 251)
        yield* link.write([text, binary])
        assert.isTrue((yield* peer.receive) === text)
        assert.isTrue(same(yield* peer.receive, binary))
        yield* peer.send(text)
        yield* peer.send(binary)
        const [first, second] = yield* take(link, 2)
        assert.isTrue(first === text)
        assert.isTrue(same(second, binary))
      }))

    test("come in a burst without loss", (bench) =>
      Effect.gen(function*() {
        const { link, peer } = yield* open(bench)
        const messages = Array.makeBy(2000, (index) => `message ${index}`)
        yield* link.write(messages)
        yield* sendEach(peer, messages)
        assert.deepStrictEqual(yield* take(link, 2000), messages)
        yield* until(Effect.map(peer.received, (received) => received.length === 2000))
        assert.deepStrictEqual(yield* peer.received, messages)
      }))

    test("below 4 KiB own their bytes", (bench) =>
      Effect.gen(function*() {
        const { link, peer } = yield* open(bench)
        yield* sendEach(peer, [bytes(1), bytes(2, 3), new Uint8Array(4095)])
        for (const message of yield* take(link, 3)) {
          assert(message instanceof Uint8Array)
          assert.strictEqual(message.buffer.byteLength, message.byteLength)
        }
      }))

    test("go to a receiver, which first gets those that came before it", (bench) =>
      Effect.gen(function*() {
        const { link, peer } = yield* open(bench)
        const calls: Array<unknown> = []
        const seen: Array<Message> = []
        yield* link.onMessage((message) => seen.push(message))
        yield* peer.send("early")
        yield* peer.send("ä")
        yield* until(Effect.sync(() => seen.length === 2))
        link.receive({
          onMessage: (message, size) => calls.push([message, size]),
          onEnd: (error) => calls.push(error.reason._tag)
        })
        yield* peer.send(bytes(1, 2, 3))
        yield* peer.close(1001)
        yield* Effect.ignore(link.ended)
        yield* pass
        assert.deepStrictEqual(calls, [["early", 5], ["ä", 2], [bytes(1, 2, 3), 3], "GoingAway"])
      }))

    test("are shown to a handler only while its scope is open", (bench) =>
      Effect.gen(function*() {
        const { link, peer } = yield* open(bench)
        const seen: Array<Message> = []
        yield* Effect.scoped(Effect.gen(function*() {
          yield* link.onMessage((message) => seen.push(message))
          yield* peer.send("one")
          assert.deepStrictEqual(yield* take(link, 1), ["one"])
        }))
        yield* peer.send("two")
        assert.deepStrictEqual(yield* take(link, 1), ["two"])
        assert.deepStrictEqual(seen, ["one"])
      }))

    test("advance the time of the last life sign", (bench) =>
      Effect.gen(function*() {
        const { link, peer } = yield* open(bench)
        const opened = link.lastInbound()
        assert.strictEqual(link.lastData(), opened)
        yield* pass
        assert.strictEqual(link.lastInbound(), opened)
        yield* peer.send("life")
        yield* take(link, 1)
        yield* until(Effect.sync(() => link.lastInbound() > opened))
        assert.strictEqual(link.lastData(), link.lastInbound())
      }))
  })
}
