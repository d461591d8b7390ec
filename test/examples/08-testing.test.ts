// What examples/08-testing.ts tells, as a test of your own app would say it.
import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import { TestClock } from "effect/testing"
import { TestTransport } from "holdfast/testing"
import { Buyer, onNetwork } from "../../examples/08-testing.ts"

it.effect("subscribes again after an outage of a day, and buys on", () =>
  Effect.gen(function*() {
    const network = yield* TestTransport.make
    yield* Effect.gen(function*() {
      const buyer = yield* Buyer
      const peer = yield* network.server.peer
      assert.strictEqual(yield* peer.receive, "subscribe KELP")

      yield* network.server.refuse("ECONNREFUSED")
      yield* peer.drop
      yield* TestClock.adjust("1 day")
      assert.isFalse(yield* buyer.isTrading)
      // Half a minute at most between dials, however long it takes.
      assert.isAbove((yield* network.server.dials).length, 24 * 60 * 2)

      yield* network.server.accept()
      yield* TestClock.adjust("30 seconds")
      assert.isTrue(yield* buyer.isTrading)
      const next = yield* network.server.peer
      yield* next.send("101.00")
      yield* next.send("98.00")
      assert.strictEqual(yield* next.receive, "subscribe KELP")
      assert.strictEqual(yield* next.receive, "buy at 98.00")
    }).pipe(Effect.provide(onNetwork(network)))
  }))
