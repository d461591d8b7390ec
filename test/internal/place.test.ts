import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { setFlagsFromString } from "node:v8"
import { runInNewContext } from "node:vm"
import { make } from "../support/activeSession.ts"
import { beside, settle } from "../support/connect.ts"

describe("the places of those who were handed a session", () => {
  it.effect("share one subscription until they read, and then have their own", () =>
    Effect.gen(function*() {
      const { handOut, link, subscriptions } = yield* make()
      const all = Array.from({ length: 100 }, handOut)
      assert.strictEqual(subscriptions(), 1)
      link.receive("a")
      assert.strictEqual(yield* all[0]!.session.receive, "a")
      assert.strictEqual(subscriptions(), 2)
      for (const { place } of all.slice(1)) place.release()
      assert.strictEqual(subscriptions(), 1)
      link.receive("b")
      assert.strictEqual(yield* all[0]!.session.receive, "b")
      all[0]!.place.release()
      all[0]!.place.release()
      assert.strictEqual(subscriptions(), 0)
    }))

  it.effect("the last of them takes over the shared one", () =>
    Effect.gen(function*() {
      const { handOut, link, subscriptions } = yield* make()
      const one = handOut()
      const two = handOut()
      link.receive("a")
      assert.strictEqual(yield* one.session.receive, "a")
      assert.strictEqual(yield* two.session.receive, "a")
      assert.strictEqual(subscriptions(), 2)
      // Who comes now begins now.
      const three = handOut()
      link.receive("b")
      assert.strictEqual(yield* three.session.receive, "b")
    }))

  it.effect("leave nothing behind when their runs are over", () =>
    Effect.gen(function*() {
      const { handOut, link, subscriptions } = yield* make()
      const { session } = handOut()
      for (let i = 0; i < 100; i++) {
        const reading = yield* beside(Stream.runCollect(Stream.take(session.messages, 1)))
        yield* settle
        link.receive("a")
        yield* settle
        assert.isDefined(reading.pollUnsafe())
      }
      assert.strictEqual(subscriptions(), 0)
    }))
})

describe("a session that was handed out and thrown away", () => {
  setFlagsFromString("--expose-gc")
  const collectGarbage = runInNewContext("gc") as () => void

  it.live("holds no messages any more, and one that is kept does", () =>
    Effect.gen(function*() {
      const { handOut, link, subscriptions } = yield* make()
      handOut()
      assert.strictEqual(subscriptions(), 1)
      yield* Effect.sync(collectGarbage).pipe(
        Effect.andThen(Effect.sleep("5 millis")),
        Effect.repeat({ while: () => subscriptions() > 0, times: 400 })
      )
      assert.strictEqual(subscriptions(), 0)

      const { session } = handOut()
      link.receive("kept")
      for (let i = 0; i < 5; i++) yield* Effect.andThen(Effect.sync(collectGarbage), Effect.sleep("5 millis"))
      assert.strictEqual(subscriptions(), 1)
      assert.strictEqual(yield* session.receive, "kept")
    }))
})
