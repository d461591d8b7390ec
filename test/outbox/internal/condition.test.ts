import { assert, describe, it } from "@effect/vitest"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import { TestClock } from "effect/testing"
import { Condition } from "../../../src/outbox/internal/condition.ts"
import { OutboxStoreError } from "../../../src/outbox/internal/log.ts"
import { collect, settle } from "../../support/connect.ts"
import { heard } from "../../support/protocol.ts"

const cause = (why: string) => new OutboxStoreError({ operation: "append", cause: new Error(why), retryable: true })

describe("Condition", () => {
  it.effect("publishes the counts as they change, and nothing twice", () =>
    Effect.gen(function*() {
      const counts = { pending: 0, inFlight: 0 }
      const condition = new Condition(() => ({ ...counts }))
      const seen = yield* collect(condition.changes)
      yield* condition.changed
      counts.pending = 2
      yield* condition.changed
      yield* condition.changed
      yield* settle
      assert.deepStrictEqual(seen, [
        { _tag: "Running", pending: 0, inFlight: 0 },
        { _tag: "Running", pending: 2, inFlight: 0 }
      ])
    }))

  it.effect("is suspended from the first failure until each operation that failed has succeeded", () =>
    heard((lines) =>
      Effect.gen(function*() {
        const condition = new Condition(() => ({ pending: 1, inFlight: 0 }))
        yield* TestClock.adjust("1 minute")
        yield* condition.suspend("append", cause("first"))
        yield* TestClock.adjust("1 minute")
        yield* condition.suspend("append", cause("second"))
        yield* condition.suspend("ack", cause("third"))
        const status = condition.now
        if (status._tag !== "Suspended") return assert.fail(status._tag)
        assert.include(status.cause.message, "first")
        assert.strictEqual(DateTime.toEpochMillis(status.since), 60_000)
        yield* condition.resume("append")
        assert.strictEqual(condition.now._tag, "Suspended")
        yield* condition.resume("ack")
        assert.strictEqual(condition.now._tag, "Running")
        // Two operations, two lines; a failing retry is no news.
        assert.strictEqual(lines.length, 2)
      })
    ))

  it.effect("tells the worst first, and ends with Failed", () =>
    heard(() =>
      Effect.gen(function*() {
        const condition = new Condition(() => ({ pending: 1, inFlight: 0 }))
        const seen = yield* collect(condition.changes)
        condition.block({ sequence: 1, payload: "{}", cause: new Error("old") })
        yield* condition.changed
        yield* condition.suspend("append", cause("full"))
        condition.fail(cause("gone"))
        yield* condition.changed
        yield* condition.changed
        yield* settle
        assert.deepStrictEqual(seen.map(({ _tag }) => _tag), ["Running", "Blocked", "Suspended", "Failed"])
      })
    ))
})
