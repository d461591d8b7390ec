import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Schedule from "effect/Schedule"
import { TestClock } from "effect/testing"
import { Backlog } from "../../../src/outbox/internal/backlog.ts"
import { Condition } from "../../../src/outbox/internal/condition.ts"
import { keep, type Keeper } from "../../../src/outbox/internal/keeper.ts"
import { type OutboxLog, OutboxStoreError } from "../../../src/outbox/internal/log.ts"
import { empty, open } from "../../../src/outbox/internal/memoryStore.ts"
import { Offers } from "../../../src/outbox/internal/offers.ts"
import { beside, settle } from "../../support/connect.ts"

const away = new OutboxStoreError({ operation: "open", cause: new Error("away"), retryable: true })

const keeperOver = (
  openLog: Keeper["open"],
  schedule: Keeper["patience"]["schedule"] = Schedule.spaced("1 second")
): Effect.Effect<Keeper> =>
  Effect.map(Deferred.make<void, OutboxStoreError>(), (settled) => ({
    name: "orders",
    backlog: new Backlog(),
    condition: new Condition(() => ({ pending: 0, inFlight: 0 })),
    offers: new Offers(),
    patience: { schedule, timeout: Duration.seconds(10) },
    open: openLog,
    onOpened: () => undefined,
    settled
  }))

const memory = Effect.suspend(() => open(empty(), "orders"))

describe("keep", () => {
  it.effect("has the first messages that were left at hand before it says that it is settled", () =>
    Effect.gen(function*() {
      const kept = empty()
      yield* (yield* open(kept, "orders")).append(1, ["1", "2"])
      const keeper = yield* keeperOver((name) => open(kept, name))
      yield* beside(keep(keeper))
      yield* Deferred.await(keeper.settled)
      assert.deepStrictEqual(keeper.backlog.head, { sequence: 1, payload: "1" })
    }))

  it.effect("holds nothing of an attempt to open that failed", () =>
    Effect.gen(function*() {
      let held = 0
      let attempts = 0
      const keeper = yield* keeperOver(() =>
        Effect.acquireRelease(Effect.sync(() => held++), () => Effect.sync(() => held--)).pipe(
          Effect.andThen(
            Effect.suspend((): Effect.Effect<OutboxLog, OutboxStoreError> =>
              ++attempts < 5 ? Effect.fail(away) : memory
            )
          )
        )
      )
      const keeping = yield* beside(keep(keeper))
      yield* Deferred.await(keeper.settled)
      assert.deepStrictEqual([attempts, held, keeper.condition.now._tag], [1, 0, "Suspended"])
      yield* TestClock.adjust("4 seconds")
      assert.deepStrictEqual([attempts, held, keeper.condition.now._tag], [5, 1, "Running"])
      yield* Fiber.interrupt(keeping)
      assert.strictEqual(held, 0)
    }))

  it.effect("appends the same batch under the same numbers until it is stored", () =>
    Effect.gen(function*() {
      const asked: Array<readonly [number, ReadonlyArray<string>]> = []
      const keeper = yield* keeperOver(() =>
        Effect.map(memory, (log) => ({
          ...log,
          append: (first, payloads) =>
            Effect.suspend(() => {
              asked.push([first, payloads])
              // Stored, but the answer is lost.
              return Effect.andThen(log.append(first, payloads), asked.length < 3 ? Effect.fail(away) : Effect.void)
            })
        }))
      )
      yield* beside(keep(keeper))
      const sends = yield* Effect.forEach(["a", "b"], (payload) => beside(keeper.offers.offer(payload)))
      yield* settle
      const late = yield* beside(keeper.offers.offer("c"))
      yield* TestClock.adjust("3 seconds")
      assert.deepStrictEqual(yield* Effect.forEach([...sends, late], Fiber.join), [1, 2, 3])
      assert.deepStrictEqual(asked, [[1, ["a", "b"]], [1, ["a", "b"]], [1, ["a", "b"]], [3, ["c"]]])
      assert.strictEqual(keeper.backlog.pending, 3)
    }))

  it.effect("gives up where the schedule does", () =>
    Effect.gen(function*() {
      const keeper = yield* keeperOver(() => Effect.fail(away), Schedule.recurs(2))
      assert.strictEqual(yield* Effect.flip(keep(keeper)), away)
    }))

  it.effect("takes a defect of a store for a failure that no retry mends", () =>
    Effect.gen(function*() {
      const keeper = yield* keeperOver(() => Effect.die(new Error("a bug")))
      const error = yield* Effect.flip(keep(keeper))
      assert.isFalse(error.retryable)
      assert.include(error.message, "a bug")
    }))
})
