/**
 * Subscriptions that survive: opened when the first subscriber of a key comes,
 * closed when the last one leaves, and opened again after every reconnect.
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { ConnectionError } from "./ConnectionError.ts"
import type { Verdict } from "./internal/confirmations.ts"
import { followSessions } from "./internal/followSessions.ts"
import type { Gap } from "./internal/gap.ts"
import { makePace } from "./internal/replayPace.ts"
import { Subscriber } from "./internal/subscriber.ts"
import type { SubscriptionOverflow, SubscriptionRefused, SubscriptionTimedOut } from "./internal/subscriptionErrors.ts"
import { type Buffer, checkBuffer, checkSubscriptions, type Tuning } from "./internal/subscriptionOptions.ts"
import type { Said } from "./internal/topic.ts"
import { Topics } from "./internal/topics.ts"
import type { ProtocolService } from "./Protocol.ts"

export type { Gap } from "./internal/gap.ts"
export { SubscriptionOverflow, SubscriptionRefused, SubscriptionTimedOut } from "./internal/subscriptionErrors.ts"
export type { Buffer, Tuning } from "./internal/subscriptionOptions.ts"

/** What can name a subscription. `1` and `"1"` are two keys. */
export type Key = string | number | bigint | boolean | symbol | null

/** How subscriptions are kept, and their messages told apart. */
export interface Options<Incoming, Outgoing, K extends Key, R = never> extends Tuning {
  /** What they go over; it may serve others as well. */
  readonly protocol: ProtocolService<Incoming, Outgoing>
  /**
   * The key, or the keys, that a message is about; undefined for one that is
   * about none. With it a message costs the same for ten keys and for ten
   * thousand; without it, every subscriber's `select` is asked about every
   * message. Called inside the socket's callback.
   */
  readonly keyOf?: ((incoming: Incoming) => K | ReadonlyArray<K> | undefined) | undefined
  /**
   * Told once of every interruption, as the next session begins. Until it is
   * done, no subscriber is given a message of that session; it is interrupted
   * when that session ends. It may send and request as it likes.
   */
  readonly onGap?: ((gap: Gap<Outgoing>) => Effect.Effect<void, never, R>) | undefined
}

/** One subscription. */
export interface SubscribeOptions<Incoming, Outgoing, K extends Key, A, E = never, R = never> {
  /** What it is for. The first subscriber of a key says how it is opened, closed and confirmed. */
  readonly key: K
  /** What is sent to begin; a function is called afresh each time, as for a position to resume from. */
  readonly open: Said<Outgoing>
  /** What is sent to stop. Default: nothing is. */
  readonly close?: Said<Outgoing> | undefined
  /**
   * What of a message of this key is for this subscriber; undefined for none.
   * Called inside the socket's callback; what it throws is this subscriber's
   * defect.
   */
  readonly select: (incoming: Incoming) => A | undefined
  /**
   * What a message says of the subscription: `"confirmed"`, `"refused"`, or
   * undefined, where it says nothing. It is asked about messages of its key, and
   * about those without one, from `open` until it has answered.
   */
  readonly confirm?: ((incoming: Incoming) => Verdict) | undefined
  /**
   * Runs in the subscriber's fiber, after all that came before the interruption
   * was taken, and before anything that came after it.
   */
  readonly onGap?: ((gap: Gap<Outgoing>) => Effect.Effect<void, E, R>) | undefined
  /** Default: `buffer` of `make`. */
  readonly buffer?: Buffer | undefined
}

/** What has been counted. */
export interface Counts {
  readonly keys: number
  readonly subscribers: number
  /** Messages that were dropped for slow subscribers, since the beginning. */
  readonly dropped: number
}

/**
 * Subscriptions over a protocol.
 */
export interface Subscriptions<Incoming, Outgoing, K extends Key> {
  /**
   * The messages of a key, across sessions, from now on. Each run of the stream
   * is a subscriber of its own.
   *
   * **Details**
   *
   * The first subscriber of a key has `open` sent, where a session is open; the
   * last one that leaves has `close` sent, where `open` was sent in that session.
   * Leaving while disconnected sends nothing later.
   *
   * Ends when the connection is closed by us, or the scope of the subscriptions
   * closes. Fails with
   *
   * - `ConnectionError`, when the connection gives up, or where `open` cannot be
   *   encoded;
   * - `SubscriptionRefused`, `SubscriptionTimedOut`: what `confirm` said, or did
   *   not say in time, for all subscribers of this key;
   * - `SubscriptionOverflow`: this subscriber was too slow.
   */
  readonly subscribe: <A, E = never, R = never>(
    options: SubscribeOptions<Incoming, Outgoing, K, A, E, R>
  ) => Stream.Stream<
    A,
    ConnectionError | SubscriptionRefused | SubscriptionTimedOut | SubscriptionOverflow | E,
    R
  >
  /** The keys that somebody is subscribed to, in the order in which they are replayed. */
  readonly keys: Effect.Effect<ReadonlyArray<K>>
  readonly counts: Effect.Effect<Counts>
}

/**
 * Subscriptions over a protocol, for the life of the scope. Fails with
 * `InvalidRequest` for options that can never work.
 *
 * **Details**
 *
 * As a session begins, everything that is subscribed to is opened again, in the
 * order of first subscription: after `greet`, and before any message of `send` is
 * released. Closing the scope sends nothing.
 *
 * **Example**
 *
 * ```ts
 * const subscriptions = yield* Subscriptions.make({
 *   protocol: yield* Feed,
 *   keyOf: (incoming) => incoming.symbol
 * })
 * const kelp = subscriptions.subscribe({
 *   key: "KELP",
 *   open: { op: "subscribe", symbol: "KELP" },
 *   close: { op: "unsubscribe", symbol: "KELP" },
 *   select: (incoming) => incoming.price
 * })
 * ```
 */
export const make = <Incoming, Outgoing, K extends Key, R = never>(
  options: Options<Incoming, Outgoing, K, R>
): Effect.Effect<Subscriptions<Incoming, Outgoing, K>, ConnectionError, Scope.Scope | R> =>
  Effect.gen(function*() {
    const checked = yield* checkSubscriptions(options)
    const scope = yield* Effect.scope
    const context = Context.omit(Scope.Scope)(yield* Effect.context<R | Scope.Scope>()) as Context.Context<R>
    const clock = yield* Clock.Clock
    const run = (effect: Effect.Effect<void>) => Fiber.runIn(Effect.runForkWith(context)(effect), scope)
    const { keyOf, onGap, protocol } = options
    const topics: Topics<K, Incoming, Outgoing> = new Topics({
      protocol,
      keyOf,
      onGap: onGap === undefined ? () => Effect.void : (gap) => Effect.provideContext(onGap(gap), context),
      confirmTimeout: checked.confirmTimeout,
      pace: makePace(checked.batch, checked.rateLimit, clock),
      clock,
      run
    })
    yield* Effect.addFinalizer(() => Effect.sync(() => topics.close()))
    yield* protocol.listen(topics.receive)
    yield* followSessions(protocol, topics)
    return {
      subscribe: <A, E = never, R2 = never>(subscription: SubscribeOptions<Incoming, Outgoing, K, A, E, R2>) =>
        Stream.scoped(Stream.fromPull(Effect.gen(function*() {
          const buffer = yield* checkBuffer(subscription.buffer, checked.buffer)
          const { key, onGap = () => Effect.void, select } = subscription
          const subscriber = new Subscriber<Incoming, Outgoing, A, SubscribeError>(key, select, buffer, topics)
          yield* Effect.acquireRelease(
            Effect.sync(() => topics.add(key, subscription, subscriber)),
            () => Effect.sync(() => topics.remove(key, subscriber))
          )
          return subscriber.take(onGap)
        }))),
      keys: Effect.sync(() => topics.keys),
      counts: Effect.sync(() => topics.counts)
    }
  })

type SubscribeError = ConnectionError | SubscriptionRefused | SubscriptionTimedOut | SubscriptionOverflow
