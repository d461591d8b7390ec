import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import { ConnectionClosed, ConnectionError } from "../../src/ConnectionError.ts"
import { PendingRequest } from "../../src/internal/pendingRequest.ts"
import { beside, settle } from "../support/connect.ts"

const pending = () => new PendingRequest<number, string, string>(1, "ask", false)

describe("a pending request", () => {
  it.effect("has one outcome, the first", () =>
    Effect.gen(function*() {
      const request = pending()
      const waiting = yield* beside(request.awaited)
      yield* settle
      request.settle(Effect.succeed("first"))
      request.settle(Effect.succeed("second"))
      yield* settle
      assert.strictEqual(yield* request.awaited, "first")
      assert.isDefined(waiting.pollUnsafe())
    }))

  it.effect("that was handed over once may have arrived, wherever it is now", () =>
    Effect.gen(function*() {
      const request = pending()
      const cause = new ConnectionError({ reason: new ConnectionClosed({}) })
      assert.strictEqual((yield* Effect.flip(request.lost(cause))).delivery, "notSent")
      request.handedOver()
      request.place = "between"
      assert.strictEqual((yield* Effect.flip(request.lost(cause))).delivery, "unknown")
    }))

  it.effect("of a connection that died of a defect dies with it", () =>
    Effect.gen(function*() {
      const bug = new Error("a bug")
      const cause = yield* Effect.flip(Effect.sandbox(pending().closed(Cause.die(bug))))
      assert.isTrue(cause.reasons.some((reason) => reason._tag === "Die" && reason.defect === bug))
    }))

  it.effect("is over once it is settled, or forgotten", () =>
    Effect.gen(function*() {
      const [settled, forgotten] = [pending(), pending()]
      const waiting = yield* beside(Effect.all([settled.over, forgotten.over], { concurrency: "unbounded" }))
      yield* settle
      settled.settle(Effect.succeed(""))
      yield* settle
      assert.isUndefined(waiting.pollUnsafe())
      forgotten.forget()
      yield* settle
      assert.isDefined(waiting.pollUnsafe())
    }))
})
