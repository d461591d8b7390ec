import { assert, describe, it } from "@effect/vitest"
import { fenced, OutboxStoreError, outOfTurn } from "../../../src/outbox/internal/log.ts"

describe("OutboxStoreError", () => {
  it("says what the store could not do, and why", () => {
    const error = new OutboxStoreError({ operation: "append", cause: new Error("disk full"), retryable: true })
    assert.strictEqual(error.message, "the outbox's store could not append: disk full")
    const other = new OutboxStoreError({ operation: "open", cause: "no idea", retryable: true })
    assert.strictEqual(other.message, "the outbox's store could not open: no idea")
  })

  it("needs somebody's help where another process owns the outbox, or numbers are out of turn", () => {
    assert.isFalse(fenced("read", "orders").retryable)
    assert.include(fenced("read", "orders").message, "another process has opened the outbox \"orders\" since")
    assert.isFalse(outOfTurn(3, 2).retryable)
  })
})
