/**
 * The keys of one connection: who comes and goes, which message is whose, and
 * what the beginning and the end of a session mean to them.
 */
import * as Cause from "effect/Cause"
import type * as Clock from "effect/Clock"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import type { ConnectionError } from "../ConnectionError.ts"
import type { ProtocolPrelude, ProtocolService } from "../Protocol.ts"
import { Brake } from "./brake.ts"
import { Confirmations } from "./confirmations.ts"
import type { Follower } from "./followSessions.ts"
import { type Gap, GapTicket } from "./gap.ts"
import type { Pace } from "./replayPace.ts"
import type { AnySubscriber, SubscriberOwner } from "./subscriber.ts"
import { SubscriptionRefused, SubscriptionTimedOut } from "./subscriptionErrors.ts"
import { SubscriptionWire } from "./subscriptionWire.ts"
import { Topic, type TopicOptions, type TopicOwner } from "./topic.ts"

export interface TopicsOptions<Key, Incoming, Outgoing> {
  readonly protocol: Pick<ProtocolService<Incoming, Outgoing>, "connection">
  /** Undefined: every subscriber is asked. */
  readonly keyOf: ((incoming: Incoming) => Key | ReadonlyArray<Key> | undefined) | undefined
  readonly onGap: (gap: Gap<Outgoing>) => Effect.Effect<void>
  readonly confirmTimeout: Duration.Duration
  readonly pace: Pace
  readonly clock: Clock.Clock
  /** Starts a fiber that lives no longer than the subscriptions. */
  readonly run: (effect: Effect.Effect<void>) => Fiber.Fiber<void>
}

type End = Effect.Effect<never, ConnectionError | Cause.Done>

export class Topics<Key, Incoming, Outgoing>
  implements Follower<Outgoing>, SubscriberOwner, TopicOwner<Key, Incoming, Outgoing>
{
  private readonly options: TopicsOptions<Key, Incoming, Outgoing>
  /** In the order of their first subscription. */
  private readonly topics = new Map<Key, Topic<Key, Incoming, Outgoing>>()
  private readonly confirmations: Confirmations<Incoming>
  private readonly brake: Brake
  /** Undefined while no session is open. */
  private wire: SubscriptionWire<Outgoing> | undefined = undefined
  /** The newest gap, until everybody may go on. */
  private ticket: GapTicket<Outgoing> | undefined = undefined
  /** The same, once it is over. */
  private gap: Gap<Outgoing> | undefined = undefined
  private telling: Fiber.Fiber<void> | undefined = undefined
  private end: End | undefined = undefined
  private dropped = 0

  constructor(options: TopicsOptions<Key, Incoming, Outgoing>) {
    this.options = options
    this.brake = new Brake(options.protocol.connection.subscribe, options.run)
    this.confirmations = new Confirmations({
      timeout: options.confirmTimeout,
      clock: options.clock,
      run: options.run,
      heldUp: () => this.brake.isOn
    })
  }

  get keys(): ReadonlyArray<Key> {
    return [...this.topics.keys()]
  }

  get counts(): { readonly keys: number; readonly subscribers: number; readonly dropped: number } {
    let subscribers = 0
    for (const topic of this.topics.values()) subscribers += topic.subscribers.length
    return { keys: this.topics.size, subscribers, dropped: this.dropped }
  }

  // ---------------------------------------------------------------------------
  // from the socket
  // ---------------------------------------------------------------------------

  /** Called inside the socket's callback. */
  readonly receive = (incoming: Incoming): void => {
    const { keyOf } = this.options
    if (keyOf === undefined) {
      if (!this.confirmations.isEmpty) this.confirmations.hearUnnamed(incoming)
      for (const topic of this.topics.values()) deliver(topic, incoming)
      return
    }
    const keys = keyOf(incoming)
    if (keys === undefined) {
      if (!this.confirmations.isEmpty) this.confirmations.hearUnnamed(incoming)
    } else if (isList(keys)) {
      for (let i = 0; i < keys.length; i++) {
        // Named twice, it is told once.
        if (keys.indexOf(keys[i]!) === i) this.route(keys[i]!, incoming)
      }
    } else {
      this.route(keys, incoming)
    }
  }

  private route(key: Key, incoming: Incoming): void {
    const topic = this.topics.get(key)
    if (topic === undefined) return
    if (!this.confirmations.isEmpty) this.confirmations.hear(topic, incoming)
    deliver(topic, incoming)
  }

  // ---------------------------------------------------------------------------
  // who comes and goes
  // ---------------------------------------------------------------------------

  add(key: Key, options: TopicOptions<Incoming, Outgoing>, subscriber: AnySubscriber): void {
    if (this.end !== undefined) return subscriber.finish(this.end)
    let topic = this.topics.get(key)
    if (topic === undefined) {
      topic = new Topic(key, options, this)
      this.topics.set(key, topic)
      this.wire?.open(topic)
    }
    topic.subscribers = [...topic.subscribers, subscriber]
  }

  remove(key: Key, subscriber: AnySubscriber): void {
    subscriber.leave()
    this.detach(key, subscriber)
  }

  private detach(key: Key, subscriber: AnySubscriber): void {
    const topic = this.topics.get(key)
    if (topic?.subscribers.includes(subscriber) !== true) return
    topic.subscribers = topic.subscribers.filter((other) => other !== subscriber)
    if (topic.subscribers.length > 0) return
    this.drop(topic)
    this.wire?.close(topic)
  }

  private drop(topic: Topic<Key, Incoming, Outgoing>): void {
    this.topics.delete(topic.key)
    this.confirmations.forget(topic)
  }

  /** Lets all of them down. */
  private failAll(topic: Topic<Key, Incoming, Outgoing>, end: Effect.Effect<never, never>): void {
    if (this.topics.get(topic.key) !== topic) return
    this.drop(topic)
    for (const subscriber of topic.subscribers) subscriber.finish(end)
  }

  onFailed(subscriber: AnySubscriber): void {
    // It has read what waited for it, or is about to: its place goes at once.
    this.detach(subscriber.key as Key, subscriber)
  }

  onFull(subscriber: AnySubscriber): void {
    this.brake.hold(subscriber)
  }

  onRoom(subscriber: AnySubscriber): void {
    this.brake.release(subscriber)
  }

  onDropped(subscriber: AnySubscriber): void {
    if (this.dropped++ > 0) return
    this.options.run(Effect.logWarning(
      `a subscriber of ${String(subscriber.key)} is slow, and messages for it are dropped; ` +
        "others are only counted: see the option `buffer`"
    ))
  }

  // ---------------------------------------------------------------------------
  // what the peer says of a topic
  // ---------------------------------------------------------------------------

  onOpened(topic: Topic<Key, Incoming, Outgoing>): void {
    this.confirmations.expect(topic)
  }

  onOpenFailed(topic: Topic<Key, Incoming, Outgoing>, cause: Cause.Cause<ConnectionError>): void {
    this.failAll(topic, Effect.failCause(cause as Cause.Cause<never>))
  }

  onRefused(topic: Topic<Key, Incoming, Outgoing>, reply: Incoming): void {
    this.wire?.forget(topic)
    this.failAll(topic, untyped(new SubscriptionRefused({ key: topic.key, reply })))
  }

  onUnconfirmed(topic: Topic<Key, Incoming, Outgoing>): void {
    this.failAll(topic, untyped(new SubscriptionTimedOut({ key: topic.key, timeout: this.options.confirmTimeout })))
    // The peer may have it all the same.
    this.wire?.close(topic)
  }

  // ---------------------------------------------------------------------------
  // from the connection
  // ---------------------------------------------------------------------------

  onBegin(session: ProtocolPrelude<Outgoing>): Effect.Effect<void> {
    return Effect.suspend(() => {
      const wire = this.wire = new SubscriptionWire<Outgoing>(session, {
        pace: this.options.pace,
        run: this.options.run,
        onCloseFailed: (cause) => this.options.run(Effect.logWarning("a `close` could not be sent", cause))
      })
      const all = [...this.topics.values()]
      for (const topic of all) wire.open(topic)
      const { ticket } = this
      if (ticket !== undefined) this.gap = { downtime: session.downtime, previous: ticket.previous, next: session }
      // Told when everything is open again, so that a snapshot that is asked for misses nothing.
      return Effect.andThen(wire.sent(all), Effect.sync(() => this.wire === wire && this.tell()))
    })
  }

  // Beside the prelude: what it does may wait for the connection, which waits for the preludes.
  private tell(): void {
    const { gap, ticket } = this
    if (gap === undefined || ticket === undefined) return
    this.telling = this.options.run(Effect.onExit(this.options.onGap(gap), (exit) => {
      if (this.ticket === ticket) this.over()
      return Exit.isFailure(exit) && !Cause.hasInterruptsOnly(exit.cause)
        ? Effect.logError("`onGap` of the subscriptions died", exit.cause)
        : Effect.void
    }))
  }

  /** Readers may go on behind the gap; where its session has ended too, to the next one. */
  private over(): void {
    this.ticket?.tell(Option.fromUndefinedOr(this.gap))
    this.ticket = this.gap = undefined
  }

  onEnd(error: ConnectionError): void {
    this.wire?.end()
    this.wire = undefined
    this.confirmations.clear()
    this.over()
    this.telling?.interruptUnsafe()
    this.telling = undefined
    const ticket = this.ticket = new GapTicket<Outgoing>(error)
    for (const topic of this.topics.values()) {
      for (const subscriber of topic.subscribers) subscriber.interrupted(ticket)
    }
  }

  onClosed(exit: Exit.Exit<void, ConnectionError>): void {
    this.finish(Exit.isSuccess(exit) ? Cause.done() : Effect.failCause(exit.cause))
  }

  /** Those who subscribed outlive their subscriptions. */
  close(): void {
    this.finish(Cause.done())
  }

  /** Nothing more comes to anybody, and nothing more is sent. */
  private finish(end: End): void {
    if (this.end !== undefined) return
    this.end = end
    this.wire?.end()
    this.wire = undefined
    this.confirmations.clear()
    this.over()
    for (const topic of this.topics.values()) {
      for (const subscriber of topic.subscribers) subscriber.finish(end)
    }
    this.topics.clear()
  }
}

const isList = <Key>(keys: Key | ReadonlyArray<Key>): keys is ReadonlyArray<Key> => Array.isArray(keys)

const deliver = <Key, Incoming, Outgoing>(topic: Topic<Key, Incoming, Outgoing>, incoming: Incoming): void => {
  const { subscribers } = topic
  for (let i = 0; i < subscribers.length; i++) subscribers[i]!.offer(incoming)
}

// Each subscriber's own error type says so: see `Subscriptions.subscribe`.
const untyped = (error: SubscriptionRefused | SubscriptionTimedOut): Effect.Effect<never, never> =>
  Effect.fail(error) as Effect.Effect<never, unknown> as Effect.Effect<never, never>
