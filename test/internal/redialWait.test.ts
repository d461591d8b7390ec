import { assert, describe, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import { TestClock } from "effect/testing"
import * as Reconnect from "../../src/Reconnect.ts"
import * as Recovery from "../../src/Recovery.ts"
import { connect, settle } from "../support/connect.ts"

/** A connection that waits, since 0, for an hour of the schedule's and a minute that the peer asked for. */
const waiting = Effect.gen(function*() {
  const { connection, server } = yield* connect({
    reconnect: Reconnect.layer({
      schedule: Schedule.spaced("1 hour"),
      classify: () => Recovery.retry({ notBefore: "1 minute" })
    }),
    server: (server) => server.next.refuse("ECONNREFUSED")
  })
  yield* settle
  assert.strictEqual((yield* connection.status)._tag, "Waiting")
  return { connection, dials: Effect.map(server.dials, (dials) => dials.map(({ at }) => at)) }
})

describe("the wait between two dials", () => {
  it.effect("is the schedule's", () =>
    Effect.gen(function*() {
      const { dials } = yield* waiting
      yield* TestClock.adjust("1 day")
      assert.deepStrictEqual(yield* dials, [0, 3_600_000])
    }))

  it.effect("is cut to the rest of what the peer asked for, counted from its begin", () =>
    Effect.gen(function*() {
      const { connection, dials } = yield* waiting
      yield* TestClock.adjust("20 seconds")
      yield* connection.reconnect()
      yield* TestClock.adjust("1 day")
      assert.deepStrictEqual(yield* dials, [0, 60_000])
    }))

  it.effect("is over at once where that is past, or of no interest", () =>
    Effect.gen(function*() {
      const late = yield* waiting
      const impatient = yield* waiting
      yield* TestClock.adjust("20 seconds")
      yield* impatient.connection.reconnect({ respectFloor: false })
      yield* TestClock.adjust("50 seconds")
      yield* late.connection.reconnect()
      yield* TestClock.adjust("1 day")
      assert.deepStrictEqual(yield* impatient.dials, [0, 20_000])
      assert.deepStrictEqual(yield* late.dials, [0, 70_000])
    }))

  it.effect("holds up no close, in either half", () =>
    Effect.gen(function*() {
      for (const half of ["first", "second"] as const) {
        const { connection, dials } = yield* waiting
        if (half === "second") yield* connection.reconnect()
        yield* settle
        const before = yield* Clock.currentTimeMillis
        yield* connection.close()
        assert.strictEqual(yield* Clock.currentTimeMillis, before)
        assert.deepStrictEqual(yield* dials, [0])
      }
    }))
})
