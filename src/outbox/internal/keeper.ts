/**
 * The store's side of an outbox: opens it, stores what is offered, removes what
 * is acknowledged, reads what comes next, and has patience with a store that fails.
 */
import type { NonEmptyReadonlyArray } from "effect/Array"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Schedule from "effect/Schedule"
import * as Scope from "effect/Scope"
import { ahead, type Backlog, type Errand } from "./backlog.ts"
import type { Condition } from "./condition.ts"
import { type Operation, type OutboxLog, OutboxStoreError } from "./log.ts"
import type { Offers } from "./offers.ts"

export interface Patience {
  /** When the store is tried again. */
  readonly schedule: Schedule.Schedule<unknown, OutboxStoreError>
  /** How long one operation of the store may take. */
  readonly timeout: Duration.Duration
}

export interface Keeper {
  readonly name: string
  readonly backlog: Backlog
  readonly condition: Condition
  readonly offers: Offers
  readonly patience: Patience
  readonly open: (name: string) => Effect.Effect<OutboxLog, OutboxStoreError, Scope.Scope>
  readonly onOpened: (log: OutboxLog) => void
  /** Done when the first messages that were left are at hand, or the store fails for the first time and is tried again. */
  readonly settled: Deferred.Deferred<void, OutboxStoreError>
}

/** Runs until the store fails for good. */
export const keep = (keeper: Keeper): Effect.Effect<never, OutboxStoreError> =>
  Effect.scoped(Effect.gen(function*() {
    const log = yield* patiently(keeper, "open", openIn(yield* Effect.scope, keeper))
    keeper.backlog.opened(log)
    keeper.onOpened(log)
    if (log.pending > 0) yield* run(keeper, log, yield* keeper.backlog.errand)
    yield* Deferred.succeed(keeper.settled, undefined)
    const store = Effect.forever(
      Effect.flatMap(keeper.offers.take, (offers) => append(keeper, log, offers.map(({ payload }) => payload) as never))
    )
    const errands = Effect.forever(Effect.flatMap(keeper.backlog.errand, (errand) => run(keeper, log, errand)))
    return yield* Effect.raceFirst(store, errands)
  }))

/** In a scope of its own, so that an attempt that fails leaves nothing held. */
const openIn = (
  scope: Scope.Scope,
  { name, open }: Keeper
): Effect.Effect<OutboxLog, OutboxStoreError> =>
  Effect.uninterruptibleMask((restore) =>
    Effect.flatMap(Scope.fork(scope), (attempt) =>
      restore(Scope.provide(open(name), attempt)).pipe(
        Effect.onExit((exit) => Exit.isFailure(exit) ? Scope.close(attempt, exit) : Effect.void)
      ))
  )

const append = (
  keeper: Keeper,
  log: OutboxLog,
  payloads: NonEmptyReadonlyArray<string>
): Effect.Effect<void, OutboxStoreError> =>
  Effect.suspend(() => {
    const { backlog, condition, offers } = keeper
    const first = backlog.next
    return Effect.andThen(
      patiently(keeper, "append", log.append(first, payloads)),
      Effect.suspend(() => {
        backlog.stored(payloads)
        offers.stored(first)
        return condition.changed
      })
    )
  })

const run = (keeper: Keeper, log: OutboxLog, errand: Errand): Effect.Effect<void, OutboxStoreError> => {
  const { backlog, condition } = keeper
  switch (errand._tag) {
    case "Remove":
      return Effect.andThen(
        patiently(keeper, "ack", log.ack(errand.sequences)),
        Effect.suspend(() => {
          backlog.removed(errand.sequences)
          return condition.changed
        })
      )
    case "Read":
      return Effect.map(
        patiently(keeper, "read", log.read(errand.from, ahead)),
        (entries) => backlog.read(entries, errand)
      )
  }
}

/** Tries until it succeeds, or no retry helps; the status tells of it meanwhile. */
const patiently = <A>(
  { condition, patience, settled }: Keeper,
  operation: Operation,
  effect: Effect.Effect<A, OutboxStoreError>
): Effect.Effect<A, OutboxStoreError> => {
  const tooLong = new OutboxStoreError({
    operation,
    cause: new Error(`no answer within ${Duration.format(patience.timeout)}`),
    retryable: true
  })
  // The status is told first: what cannot be interrupted, as a write to a file, may take longer still.
  const timeout = Effect.sleep(patience.timeout).pipe(
    Effect.andThen(condition.suspend(operation, tooLong)),
    Effect.andThen(Effect.fail(tooLong))
  )
  return Effect.raceFirst(effect, timeout).pipe(
    Effect.catchDefect((cause) => Effect.fail(new OutboxStoreError({ operation, cause, retryable: false }))),
    Effect.tapError((error) =>
      error.retryable
        ? Effect.andThen(condition.suspend(operation, error), Deferred.succeed(settled, undefined))
        : Effect.void
    ),
    Effect.retry({ schedule: patience.schedule, while: (error) => error.retryable }),
    Effect.tap(condition.resume(operation))
  )
}
