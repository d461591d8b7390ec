import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import * as Codec from "../../src/Codec.ts"
import { collect, settle } from "../support/connect.ts"
import { feed, noPrice } from "../support/feed.ts"
import { heard, speak, speakWith } from "../support/protocol.ts"

describe("the log", () => {
  it.effect("has at most a hundred kinds, and says when it stops", () =>
    heard((lines) =>
      Effect.gen(function*() {
        let n = 0
        const codec = Codec.make({
          name: "moody",
          encode: () => "",
          decode: () => {
            n++
            throw new (class extends Error {
              static override readonly name = `Mood${n}`
            })("no")
          }
        })
        const { peer, protocol } = yield* speakWith({ codec, incoming: Schema.Unknown, outgoing: feed.outgoing })
        yield* collect(protocol.messages)
        for (let i = 0; i < 150; i++) yield* peer.send("x")
        yield* settle
        assert.strictEqual(n, 150)
        assert.strictEqual(lines.length, 100)
        assert.match(lines[98]!, /More of this kind are counted, not logged$/)
        assert.match(lines[99]!, /Nothing more of this is logged$/)
      })
    ))
})

describe("a function that is slower than the peer", () => {
  it.effect("is handed the newest", () =>
    Effect.gen(function*() {
      const seen: Array<number> = []
      let blocked = true
      const { peer, protocol } = yield* speak({
        onInvalid: ({ head }) =>
          Effect.suspend(() => {
            seen.push(Number(head.slice(1)))
            return blocked ? Effect.never : Effect.void
          })
      })
      yield* collect(protocol.messages)
      for (let i = 0; i < 2000; i++) yield* peer.send(`x${i}`)
      yield* settle
      assert.deepStrictEqual(seen, [2000 - 1024])
      blocked = false
    }))
})

describe("who follows", () => {
  it.effect("each gets all, from then on; who is gone is not told", () =>
    Effect.gen(function*() {
      const { peer, protocol } = yield* speak({ onInvalid: "ignore" })
      yield* collect(protocol.messages)
      const one = yield* collect(protocol.invalid)
      const first = yield* collect(Stream.take(protocol.invalid, 1))
      for (let i = 0; i < 2; i++) {
        yield* peer.send(noPrice)
        yield* settle
      }
      assert.strictEqual(one.length, 2)
      assert.strictEqual(first.length, 1)
    }))
})
