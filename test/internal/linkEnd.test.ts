import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { AbnormalClosure, GoingAway } from "../../src/ConnectionError.ts"
import { LinkEnd } from "../../src/internal/linkEnd.ts"
import { beside } from "../support/connect.ts"

const goingAway = new GoingAway({ code: 1001, closeReason: "", initiator: "peer" })
const make = (): LinkEnd => new LinkEnd(2, "ws://test/")

describe("the error", () => {
  it("has the attempt and the endpoint", () => {
    const error = make().errorOf(goingAway)
    assert.include(error, { attempt: 2, endpoint: "ws://test/", reason: goingAway })
  })

  it("is the reason that is known, or our own Close that came before it", () => {
    const end = make()
    assert.strictEqual<unknown>(end.explained(goingAway).reason, goingAway)
    end.close(4000, "bye")
    assert.include(end.explained(goingAway).reason, { code: 4000, closeReason: "bye", initiator: "self" })
  })
})

describe("what is not sent", () => {
  it("has the end as its cause; before it our Close, or else the peer's", () => {
    const cause = (end: LinkEnd) => {
      const { reason } = end.notSent
      assert(reason._tag === "SendFailed")
      assert.strictEqual(reason.delivery, "notSent")
      return reason.cause
    }
    const end = make()
    assert.include(cause(end).reason, { _tag: "AbnormalClosure" })
    end.close(4000, "bye")
    assert.include(cause(end).reason, { code: 4000, initiator: "self" })
    const error = end.errorOf(new AbnormalClosure({ cause: undefined }))
    end.settle(error)
    assert.strictEqual(cause(end), error)
  })
})

describe("a link", () => {
  it("is open until our Close, or its end", () => {
    const [closed, ended] = [make(), make()]
    assert.deepStrictEqual([closed.isOpen, closed.isClosing], [true, false])
    closed.close(1000, "")
    assert.deepStrictEqual([closed.isOpen, closed.isClosing], [false, true])
    ended.settle(ended.errorOf(goingAway))
    assert.deepStrictEqual([ended.isOpen, ended.isClosing], [false, false])
  })

  it.effect("wakes who waits for the end, and tells who comes later", () =>
    Effect.gen(function*() {
      const end = make()
      const waiting = yield* beside(Effect.flip(end.ended))
      const error = end.errorOf(goingAway)
      end.settle(error)
      end.onceEnded.wakeAll()
      assert.strictEqual(yield* Fiber.join(waiting), error)
      assert.strictEqual(yield* Effect.flip(end.ended), error)
    }))

  it.effect("is released once, whoever waits for it and whoever does not", () =>
    Effect.gen(function*() {
      const end = make()
      const waiting = [yield* beside(end.released), yield* beside(end.released)]
      end.settle(end.errorOf(goingAway))
      end.onceEnded.wakeAll()
      yield* Effect.yieldNow
      assert.isUndefined(waiting[0]!.pollUnsafe())
      end.release()
      end.release()
      yield* Fiber.joinAll(waiting)
      yield* end.released
      const unwatched = make()
      unwatched.release()
      yield* unwatched.released
    }))
})
