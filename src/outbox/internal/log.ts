/**
 * What a store keeps for one outbox: numbered messages, in order, each until it
 * is acknowledged.
 */
import type { NonEmptyReadonlyArray } from "effect/Array"
import type * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { describeUnknown } from "../../internal/describe.ts"

/** A message as it is stored. */
export interface Entry {
  /** Counts the messages of an outbox, from 1, without gaps; never given twice, even after a crash. */
  readonly sequence: number
  /** The encoded message. A well-formed string without NUL characters, as JSON is. */
  readonly payload: string
}

/** What the store does when it fails. */
export const Operation = Schema.Literals(["open", "append", "read", "ack"])

/** What the store does when it fails. */
export type Operation = typeof Operation.Type

/**
 * A store could not do what was asked.
 *
 * `retryable` tells whether the same may succeed later by itself (a full disk, a
 * lost database), or not without somebody's help (a damaged file, a missing
 * permission, an outbox that another process has taken over).
 */
export class OutboxStoreError extends Schema.TaggedError<OutboxStoreError>("holdfast/OutboxStoreError")(
  "OutboxStoreError",
  {
    operation: Operation,
    cause: Schema.Defect(),
    retryable: Schema.Boolean
  }
) {
  override get message(): string {
    return `the outbox's store could not ${this.operation}: ${describeUnknown(this.cause)}`
  }
}

/**
 * The messages of one outbox, for the owner that opened it.
 *
 * **Details**
 *
 * There is one owner. Where a second one opens the same name, either it is
 * refused or the first is fenced: all that the first tries from then on fails
 * with `retryable: false`. Since it is alone, the owner gives the numbers.
 *
 * An operation that failed is tried again with the same arguments, and may have
 * been done the first time (a connection lost between the commit and its answer):
 * all of them must bear that.
 */
export interface OutboxLog {
  /** Drawn at random when the outbox was created: its numbers mean nothing to another, or to one that was deleted. */
  readonly id: string
  /** The number of the next message to append, as it was at the opening. */
  readonly next: number
  /** How many messages were there at the opening. */
  readonly pending: number
  /**
   * Stores messages with the numbers `first`, `first + 1` and so on, all or none.
   * Succeeds when they survive a crash. Does nothing where they were stored
   * before, even if they have been acknowledged since.
   */
  readonly append: (
    first: number,
    payloads: NonEmptyReadonlyArray<string>
  ) => Effect.Effect<void, OutboxStoreError>
  /** The first `limit` messages that are still there with a number of at least `from`, in order. */
  readonly read: (from: number, limit: number) => Effect.Effect<ReadonlyArray<Entry>, OutboxStoreError>
  /** Removes messages; those that are not there are of no concern. May be lost in a crash. */
  readonly ack: (sequences: ReadonlyArray<number>) => Effect.Effect<void, OutboxStoreError>
}

/** Another owner has taken the outbox over. */
export const fenced = (operation: Operation, name: string): OutboxStoreError =>
  new OutboxStoreError({
    operation,
    cause: new Error(`another process has opened the outbox "${name}" since; each may have one owner only`),
    retryable: false
  })

/** Numbers that do not follow those that are stored: a mistake of the owner's. */
export const outOfTurn = (first: number, next: number): OutboxStoreError =>
  new OutboxStoreError({
    operation: "append",
    cause: new Error(`message ${first} was appended where ${next} comes next`),
    retryable: false
  })
