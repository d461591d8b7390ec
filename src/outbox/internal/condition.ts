/** How an outbox is, for those who ask and those who follow it. */
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Equal from "effect/Equal"
import * as PubSub from "effect/PubSub"
import * as Stream from "effect/Stream"
import type { Operation, OutboxStoreError } from "./log.ts"
import { Blocked, Failed, type OutboxStatus, Running, Suspended } from "./outboxStatus.ts"

/** Of statuses that a follower may be behind. */
const bufferSize = 1024

export class Condition {
  private readonly counts: () => { readonly pending: number; readonly inFlight: number }
  private readonly suspensions = new Map<Operation, OutboxStatus>()
  private blocked: OutboxStatus | undefined = undefined
  private failed: OutboxStatus | undefined = undefined
  private published: OutboxStatus
  private statuses: PubSub.PubSub<OutboxStatus> | undefined = undefined

  constructor(counts: () => { readonly pending: number; readonly inFlight: number }) {
    this.counts = counts
    this.published = Running.make(counts())
  }

  get now(): OutboxStatus {
    const [suspended] = this.suspensions.values()
    return this.failed ?? suspended ?? this.blocked ?? Running.make(this.counts())
  }

  /** The current one first, then every change; ends after `Failed`. */
  get changes(): Stream.Stream<OutboxStatus> {
    return Stream.unwrap(Effect.gen({ self: this }, function*() {
      this.statuses ??= yield* PubSub.sliding<OutboxStatus>(bufferSize)
      const subscription = yield* PubSub.subscribe(this.statuses)
      this.published = this.now
      return Stream.concat(Stream.make(this.published), Stream.fromSubscription(subscription)).pipe(
        Stream.takeUntil((status) => status._tag === "Failed")
      )
    }))
  }

  /** Something has changed, perhaps. */
  get changed(): Effect.Effect<void> {
    return Effect.suspend(() => {
      if (this.statuses === undefined) return Effect.void
      const status = this.now
      if (Equal.equals(status, this.published)) return Effect.void
      this.published = status
      return Effect.asVoid(PubSub.publish(this.statuses, status))
    })
  }

  /** The store failed at this, and is tried again. The first cause and time stay until it succeeds. */
  suspend(operation: Operation, cause: OutboxStoreError): Effect.Effect<void> {
    return Effect.suspend(() => {
      if (this.suspensions.has(operation)) return Effect.void
      return Effect.flatMap(DateTime.now, (since) => {
        this.suspensions.set(operation, Suspended.make({ cause, since }))
        const meanwhile = operation === "append" || operation === "open" ? "what is sent waits" : "it is tried again"
        return Effect.andThen(this.changed, Effect.logWarning(`${cause.message}; ${meanwhile}`))
      })
    })
  }

  resume(operation: Operation): Effect.Effect<void> {
    return Effect.suspend(() =>
      this.suspensions.delete(operation)
        ? Effect.andThen(this.changed, Effect.logInfo("the outbox's store works again"))
        : Effect.void
    )
  }

  block(message: { readonly sequence: number; readonly payload: string; readonly cause: unknown }): void {
    this.blocked = Blocked.make(message)
  }

  fail(cause: OutboxStoreError): void {
    this.failed = Failed.make({ cause })
  }
}
