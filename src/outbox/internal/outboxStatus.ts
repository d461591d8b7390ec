/** What an outbox tells of itself, and how its sends fail. */
import * as Schema from "effect/Schema"
import { OutboxStoreError } from "./log.ts"

/** Stores and sends. `pending` messages are stored and not acknowledged; `inFlight` of them have been sent. */
export const Running = Schema.TaggedStruct("Running", { pending: Schema.Number, inFlight: Schema.Number })

/** The store fails, since then, for this cause, and is tried again; where it cannot store (`cause.operation`), sends wait. */
export const Suspended = Schema.TaggedStruct("Suspended", { cause: OutboxStoreError, since: Schema.DateTimeUtc })

/**
 * The next message cannot be sent: it was stored, but can be decoded or encoded no
 * more. Sends are accepted and stored, and nothing leaves.
 */
export const Blocked = Schema.TaggedStruct("Blocked", {
  sequence: Schema.Number,
  payload: Schema.String,
  cause: Schema.Defect()
})

/** The store fails, and no retry helps. Sends fail, and nothing leaves: another process may be the owner now. */
export const Failed = Schema.TaggedStruct("Failed", { cause: OutboxStoreError })

/** Schema of an outbox's status. */
export const OutboxStatus = Schema.Union([Running, Suspended, Blocked, Failed])

/** What an outbox is doing now. */
export type OutboxStatus = typeof OutboxStatus.Type

/** The message does not fit the schema, or what is made of it does not fit the protocol's. Nothing was stored. */
export class Unencodable extends Schema.TaggedError<Unencodable>("holdfast/Unencodable")("Unencodable", {
  problem: Schema.String
}) {
  override get message(): string {
    return `the message cannot be encoded: ${this.problem}`
  }
}

/** The store failed for good: see the status. */
export class StoreFailed extends Schema.TaggedError<StoreFailed>("holdfast/StoreFailed")("StoreFailed", {
  cause: OutboxStoreError
}) {
  override get message(): string {
    return this.cause.message
  }
}

/** The outbox's scope was closed before the message was stored, or while it was: then it may be stored all the same. */
export class OutboxClosed extends Schema.TaggedError<OutboxClosed>("holdfast/OutboxClosed")("OutboxClosed", {}) {
  override get message(): string {
    return "the outbox was closed"
  }
}

/** Schema of every reason for which a send can fail. */
export const Reason = Schema.Union([Unencodable, StoreFailed, OutboxClosed])

/** A reason for which a send failed. */
export type Reason = typeof Reason.Type

/** A message was not accepted. */
export class OutboxError extends Schema.TaggedError<OutboxError>("holdfast/OutboxError")("OutboxError", {
  reason: Reason,
  /** The outbox's name. */
  outbox: Schema.String
}) {
  override get message(): string {
    return `outbox "${this.outbox}": ${this.reason.message}`
  }
}
