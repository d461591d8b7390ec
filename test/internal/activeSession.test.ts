import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import { AbnormalClosure, ConnectionError, GoingAway } from "../../src/ConnectionError.ts"
import { make } from "../support/activeSession.ts"
import { beside, settle } from "../support/connect.ts"

const lost = new ConnectionError({ reason: new AbnormalClosure({ cause: undefined }) })
const away = new ConnectionError({ reason: new GoingAway({ code: 1001, closeReason: "", initiator: "peer" }) })

describe("the end", () => {
  it.effect("is the first cause, told once", () =>
    Effect.gen(function*() {
      const { active, ends } = yield* make()
      active.finish(Cause.fail(lost))
      active.finish(Cause.fail(away))
      assert.deepStrictEqual(ends, [Cause.fail(lost)])
    }))

  it.effect("is known to others only when it is published", () =>
    Effect.gen(function*() {
      const { active, conclude } = yield* make()
      const ended = yield* beside(active.ended)
      active.finish(Cause.fail(lost))
      yield* settle
      assert.isUndefined(ended.pollUnsafe())
      conclude()
      yield* settle
      assert.deepStrictEqual(ended.pollUnsafe(), Exit.succeed(lost))
      assert.strictEqual(yield* active.ended, lost)
    }))

  it.effect("by a defect is a defect for who waits for it", () =>
    Effect.gen(function*() {
      const { active, conclude } = yield* make()
      const ended = yield* beside(Effect.exit(active.ended))
      active.finish(Cause.die("bug"))
      conclude()
      yield* settle
      const exit = ended.pollUnsafe()
      assert.isTrue(exit !== undefined && Exit.isSuccess(exit) && Exit.hasDies(exit.value))
    }))

  it.effect("by our Close says so, but what the peer said before counts", () =>
    Effect.gen(function*() {
      const ours = yield* make()
      yield* ours.active.close({ code: 4000, reason: "bye" })
      const error = Option.getOrThrow(Cause.findErrorOption(ours.ends[0]!))
      assert.deepInclude(error, { attempt: 2, endpoint: "ws://wired/" })
      assert.deepInclude(error.reason, {
        _tag: "ApplicationClose",
        code: 4000,
        closeReason: "bye",
        initiator: "self"
      })

      const theirs = yield* make()
      theirs.link.state.end(new GoingAway({ code: 1001, closeReason: "", initiator: "peer" }))
      yield* theirs.active.close(undefined)
      assert.strictEqual(theirs.active.ownClose({ code: 1000, reason: "" }).reason._tag, "GoingAway")
      assert.strictEqual(theirs.ends.length, 1)
    }))

  it.effect("with a code that may not be sent fails, and nothing happens", () =>
    Effect.gen(function*() {
      const { active, ends } = yield* make()
      const error = yield* Effect.flip(active.close({ code: 1006 }))
      assert.strictEqual(error.reason._tag, "InvalidRequest")
      assert.deepStrictEqual(ends, [])
    }))
})
