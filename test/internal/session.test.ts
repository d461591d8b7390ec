import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import { AbnormalClosure, ConnectionError, GoingAway } from "../../src/ConnectionError.ts"
import { make } from "../support/activeSession.ts"
import { collect, settle } from "../support/connect.ts"

const lost = new ConnectionError({ reason: new AbnormalClosure({ cause: undefined }) })

describe("those who were handed a session", () => {
  it.effect("are told its facts", () =>
    Effect.gen(function*() {
      const { session } = (yield* make()).handOut()
      assert.strictEqual(session.id, 3)
      assert.strictEqual(DateTime.toEpochMillis(session.openedAt), 5)
      assert.strictEqual(session.endpoint, "ws://wired/")
      assert.deepStrictEqual(session.subprotocol, Option.none())
      assert.deepStrictEqual(session.response, Option.none())
    }))

  it.effect("send while it lives, and are told why not afterwards, even before the end is published", () =>
    Effect.gen(function*() {
      const { conclude, handOut, link, sent } = yield* make()
      const { session } = handOut()
      yield* session.send("a")
      link.state.end(new GoingAway({ code: 1001, closeReason: "", initiator: "peer" }))
      const causeOf = Effect.map(
        Effect.flip(session.send("b")),
        ({ reason }) => reason._tag === "SendFailed" ? `${reason.delivery} ${reason.cause.reason._tag}` : reason._tag
      )
      assert.strictEqual(yield* causeOf, "notSent GoingAway")
      conclude()
      assert.strictEqual(yield* causeOf, "notSent GoingAway")
      assert.deepStrictEqual(sent, ["a"])
    }))

  it.effect("read what came before its end, then are at the end", () =>
    Effect.gen(function*() {
      const { active, conclude, handOut, link } = yield* make()
      const [one, two, three] = [handOut().session, handOut().session, handOut().session] as const
      const reading = yield* collect(one.messages)
      link.receive("a", "b")
      active.finish(Cause.fail(lost))
      conclude()
      yield* settle
      assert.deepStrictEqual(reading, ["a", "b"])
      assert.deepStrictEqual(yield* Stream.runCollect(two.messages), ["a", "b"])
      assert.strictEqual(yield* three.receive, "a")
      assert.strictEqual(yield* three.receive, "b")
      assert.strictEqual(yield* Effect.flip(three.receive), lost)
      assert.deepStrictEqual(yield* Stream.runCollect(two.messages), [])
    }))
})
