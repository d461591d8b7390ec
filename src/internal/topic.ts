/**
 * A key that somebody is subscribed to: what is said of it to the peer, and to
 * whom its messages go.
 */
import type { Cause } from "effect/Cause"
import type { ConnectionError } from "../ConnectionError.ts"
import type { Confirmable, Verdict } from "./confirmations.ts"
import type { AnySubscriber } from "./subscriber.ts"
import type { Words } from "./subscriptionWire.ts"

/** A message, or how it is made, afresh each time it is sent. */
export type Said<Outgoing> = Outgoing | (() => Outgoing)

export interface TopicOptions<Incoming, Outgoing> {
  readonly open: Said<Outgoing>
  readonly close?: Said<Outgoing> | undefined
  readonly confirm?: ((incoming: Incoming) => Verdict) | undefined
}

/** What a topic asks of its owner. */
export interface TopicOwner<Key, Incoming, Outgoing> {
  readonly onOpened: (topic: Topic<Key, Incoming, Outgoing>) => void
  readonly onOpenFailed: (topic: Topic<Key, Incoming, Outgoing>, cause: Cause<ConnectionError>) => void
  readonly onRefused: (topic: Topic<Key, Incoming, Outgoing>, reply: Incoming) => void
  readonly onUnconfirmed: (topic: Topic<Key, Incoming, Outgoing>) => void
}

export class Topic<Key, Incoming, Outgoing> implements Words<Outgoing>, Confirmable<Incoming> {
  readonly key: Key
  readonly open: () => Outgoing
  readonly close: (() => Outgoing) | undefined
  readonly confirm: ((incoming: Incoming) => Verdict) | undefined
  private readonly owner: TopicOwner<Key, Incoming, Outgoing>
  /** Replaced, never changed: one may leave while the others are told. */
  subscribers: ReadonlyArray<AnySubscriber> = []

  constructor(key: Key, options: TopicOptions<Incoming, Outgoing>, owner: TopicOwner<Key, Incoming, Outgoing>) {
    this.key = key
    this.open = toFunction(options.open)
    this.close = options.close === undefined ? undefined : toFunction(options.close)
    this.confirm = options.confirm
    this.owner = owner
  }

  onOpened(): void {
    this.owner.onOpened(this)
  }

  onFailed(cause: Cause<ConnectionError>): void {
    this.owner.onOpenFailed(this, cause)
  }

  onRefused(reply: Incoming): void {
    this.owner.onRefused(this, reply)
  }

  onUnconfirmed(): void {
    this.owner.onUnconfirmed(this)
  }
}

const toFunction = <Outgoing>(said: Said<Outgoing>): () => Outgoing =>
  typeof said === "function" ? said as () => Outgoing : () => said
