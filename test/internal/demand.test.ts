import { assert, describe, it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { TestClock } from "effect/testing"
import { Demand } from "../../src/internal/demand.ts"
import { beside, settle } from "../support/connect.ts"

const request = (reason: string, respectFloor: boolean) => ({ code: 1000, reason, respectFloor })

describe("what is asked of a connection", () => {
  it("of two reconnects the first counts, unless the second is more urgent", () => {
    const demand = new Demand(true)
    demand.askReconnect(request("first", true))
    demand.askReconnect(request("second", true))
    assert.strictEqual(demand.reconnect?.reason, "first")
    demand.askReconnect(request("now", false))
    demand.askReconnect(request("too late", true))
    assert.strictEqual(demand.reconnect?.reason, "now")
  })

  it.effect("a reconnect is waited for until it is taken up; one that changes nothing is not", () =>
    Effect.gen(function*() {
      const demand = new Demand(true)
      demand.askReconnect(request("first", true))
      const first = yield* beside(demand.takenUp)
      yield* settle
      assert.isUndefined(first.pollUnsafe())
      demand.takeUp()
      yield* settle
      assert.isDefined(first.pollUnsafe())
      demand.askReconnect(request("second", true))
      yield* demand.takenUp
      demand.askReconnect(request("now", false))
      const now = yield* beside(demand.takenUp)
      yield* settle
      assert.isUndefined(now.pollUnsafe())
      demand.takeUp()
      yield* settle
      assert.isDefined(now.pollUnsafe())
    }))

  it.effect("a sleep ends with its time, with the condition, or with a close, and leaves nobody waiting", () =>
    Effect.gen(function*() {
      const demand = new Demand(true)
      const sleep = beside(demand.sleepUnless(Duration.seconds(1), () => demand.reconnect !== undefined))
      const slept = yield* sleep
      yield* TestClock.adjust("1 second")
      assert.isDefined(slept.pollUnsafe())

      const woken = yield* sleep
      demand.wakeAll()
      yield* settle
      assert.isUndefined(woken.pollUnsafe())
      demand.askReconnect(request("now", true))
      demand.wakeAll()
      yield* settle
      assert.isDefined(woken.pollUnsafe())

      demand.reconnect = undefined
      const closed = yield* sleep
      const closing = yield* beside(demand.closing)
      demand.close = { code: 1000, reason: "" }
      demand.wakeAll()
      yield* settle
      assert.isDefined(closed.pollUnsafe())
      assert.isDefined(closing.pollUnsafe())
      assert.strictEqual(demand.size, 0)
    }))

  it.effect("no time to sleep is none", () =>
    Effect.gen(function*() {
      const demand = new Demand(true)
      yield* demand.sleepUnless(Duration.seconds(-1), () => false)
      assert.strictEqual(demand.size, 0)
    }))
})
