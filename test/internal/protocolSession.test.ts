import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import * as Codec from "../../src/Codec.ts"
import { collect, failureOf, settle } from "../support/connect.ts"
import { noPrice, price } from "../support/feed.ts"
import { speak } from "../support/protocol.ts"

/** An open protocol, and its session as it was handed out. */
const inSession = Effect.fnUntraced(function*(...options: Parameters<typeof speak>) {
  const spoken = yield* speak(...options)
  const sessions = yield* collect(spoken.protocol.sessions)
  return { ...spoken, session: sessions[0]! }
})

const prices = (values: ReadonlyArray<{ readonly price: number }>) => values.map(({ price }) => price)

describe("a session", () => {
  it.effect("is that of the connection", () =>
    Effect.gen(function*() {
      const { session } = yield* inSession()
      assert.strictEqual(session.id, 1)
      assert.strictEqual(session.endpoint, "ws://server.test/feed")
    }))

  it.effect("gives single values, also of a frame with several; the rest comes first in messages", () =>
    Effect.gen(function*() {
      const { peer, session } = yield* inSession({ codec: Codec.ndjson })
      yield* peer.send(`${price(1)}\n${price(2)}\n${price(3)}`)
      yield* peer.send(price(4))
      yield* settle
      assert.strictEqual((yield* session.receive).price, 1)
      assert.strictEqual((yield* session.receive).price, 2)
      assert.deepStrictEqual(prices(yield* collect(session.messages)), [3, 4])
    }))

  it.effect("passes over what is invalid", () =>
    Effect.gen(function*() {
      const { peer, protocol, session } = yield* inSession({ onInvalid: "ignore" })
      const told = yield* collect(protocol.invalid)
      for (const message of [noPrice, price(1)]) yield* peer.send(message)
      yield* settle
      assert.strictEqual((yield* session.receive).price, 1)
      yield* settle
      assert.strictEqual(told.length, 1)
    }))

  it.effect("fails with what is invalid, where the protocol says so, and goes on behind it", () =>
    Effect.gen(function*() {
      const { peer, session } = yield* inSession({ onInvalid: "fail" })
      for (const message of [price(1), noPrice, price(2)]) yield* peer.send(message)
      yield* settle
      assert.strictEqual((yield* session.receive).price, 1)
      assert.strictEqual((yield* failureOf(session.receive)).reason._tag, "DecodingFailed")
      assert.strictEqual((yield* session.receive).price, 2)
    }))

  it.effect("ends its messages when it ends, and refuses to send", () =>
    Effect.gen(function*() {
      const { peer, session } = yield* inSession()
      yield* peer.send(price(1))
      yield* peer.close(1000)
      yield* settle
      assert.deepStrictEqual(prices(yield* Stream.runCollect(session.messages)), [1])
      const error = yield* failureOf(session.send({ op: "follow", symbol: "KELP" }))
      assert.strictEqual(error.reason._tag, "SendFailed")
      assert.strictEqual((yield* session.ended).reason._tag, "NormalClosure")
    }))

  it.effect("refuses to send what the schema refuses", () =>
    Effect.gen(function*() {
      const { session } = yield* inSession()
      const error = yield* failureOf(session.send({ op: "follow" } as never))
      assert.match(error.message, /Missing key\n {2}at \["symbol"\]/)
    }))
})
