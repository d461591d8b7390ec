import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { OutboxStoreError } from "../../../src/outbox/internal/log.ts"
import { OutboxClosed, OutboxError, StoreFailed, Unencodable } from "../../../src/outbox/internal/outboxStatus.ts"

const cause = new OutboxStoreError({ operation: "append", cause: new Error("disk gone"), retryable: false })

describe("OutboxError", () => {
  it.each([
    [new Unencodable({ problem: "Missing key" }), "outbox \"orders\": the message cannot be encoded: Missing key"],
    [new StoreFailed({ cause }), "outbox \"orders\": the outbox's store could not append: disk gone"],
    [new OutboxClosed({}), "outbox \"orders\": the outbox was closed"]
  ])("says which outbox, and why", (reason, message) => {
    assert.strictEqual(new OutboxError({ reason, outbox: "orders" }).message, message)
  })

  it.effect("is caught by its reason", () =>
    Effect.gen(function*() {
      const failing: Effect.Effect<string, OutboxError> = Effect.fail(
        new OutboxError({ reason: new OutboxClosed({}), outbox: "orders" })
      )
      assert.strictEqual(
        yield* Effect.catchReason(failing, "OutboxError", "OutboxClosed", () => Effect.succeed("caught")),
        "caught"
      )
    }))
})
