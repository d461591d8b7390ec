import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import { maxPing, pingRefusal, whenDone } from "../../src/internal/linkPing.ts"
import { Waiters } from "../../src/internal/wait.ts"
import { beside, settle } from "../support/connect.ts"

describe("a ping is refused", () => {
  it("where the transport has none, or for its length", () => {
    assert.include(pingRefusal(true, new Uint8Array()), { _tag: "InvalidRequest", option: "heartbeat" })
    const tooLong = pingRefusal(false, new Uint8Array(maxPing + 1))
    assert.strictEqual(tooLong.option, "ping payload")
    assert.include(tooLong.problem, "at most 125 bytes (RFC 6455 §5.5), not 126")
  })
})

describe("waiting for it to leave", () => {
  const setup = () => {
    const state = { done: () => {}, started: 0 }
    const onceEnded = new Waiters()
    const start = (done: () => void): void => {
      state.started++
      state.done = done
    }
    return { onceEnded, state, wait: whenDone(start, onceEnded, Effect.fail("ended")) }
  }

  it.effect("succeeds when it has, at once or later", () =>
    Effect.gen(function*() {
      yield* whenDone((done) => done(), new Waiters(), Effect.fail("ended"))
      const { onceEnded, state, wait } = setup()
      const waiting = yield* beside(wait)
      yield* settle
      assert.isUndefined(waiting.pollUnsafe())
      state.done()
      yield* Fiber.join(waiting)
      assert.strictEqual(onceEnded.size, 0)
    }))

  it.effect("fails where the link ends before, but not where it ends after", () =>
    Effect.gen(function*() {
      for (const left of [false, true]) {
        const { onceEnded, state, wait } = setup()
        const waiting = yield* beside(Effect.exit(wait))
        if (left) state.done()
        onceEnded.wakeAll()
        assert.strictEqual(Exit.isSuccess(yield* Fiber.join(waiting)), left)
      }
    }))

  it.effect("leaves nothing behind where it is interrupted, and starts anew each time", () =>
    Effect.gen(function*() {
      const { onceEnded, state, wait } = setup()
      assert.strictEqual(state.started, 0)
      yield* Fiber.interrupt(yield* beside(wait))
      yield* Fiber.interrupt(yield* beside(wait))
      assert.strictEqual(state.started, 2)
      assert.strictEqual(onceEnded.size, 0)
      state.done()
    }))
})
