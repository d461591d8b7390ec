/**
 * Messages that arrive at least once: stored before they are sent, sent again
 * after every loss, and removed only when the peer has acknowledged them.
 */
import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schedule from "effect/Schedule"
import type * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import type * as Stream from "effect/Stream"
import type { ConnectionError } from "../ConnectionError.ts"
import type { ProtocolService } from "../Protocol.ts"
import { Backlog } from "./internal/backlog.ts"
import { Condition } from "./internal/condition.ts"
import { beginWithOpen, Courier, type Undeliverable } from "./internal/courier.ts"
import { keep } from "./internal/keeper.ts"
import type { OutboxStoreError } from "./internal/log.ts"
import { Offers } from "./internal/offers.ts"
import { checkOptions } from "./internal/outboxOptions.ts"
import { OutboxClosed, OutboxError, type OutboxStatus, StoreFailed, Unencodable } from "./internal/outboxStatus.ts"
import { Packing } from "./internal/packing.ts"
import type { Acknowledgement } from "./internal/window.ts"
import { OutboxStore } from "./OutboxStore.ts"

export type { Undeliverable } from "./internal/courier.ts"
export {
  Blocked,
  Failed,
  OutboxClosed,
  OutboxError,
  OutboxStatus,
  Reason,
  Running,
  StoreFailed,
  Suspended,
  Unencodable
} from "./internal/outboxStatus.ts"
export type { Acknowledgement } from "./internal/window.ts"

/**
 * What an outbox can do.
 */
export interface OutboxService<Message> {
  /** Of the outbox in its store, and in logs. */
  readonly name: string
  /**
   * Succeeds, with the message's id, when the message is stored: from then on it
   * is sent until the peer acknowledges it. Waits while the store cannot be
   * written to. Fails with `Unencodable`, and for good with `StoreFailed`.
   *
   * **Gotchas**
   *
   * Interrupted while it waits for its turn, it has sent nothing. Once the store
   * has begun to write it is too late: the message is sent all the same.
   */
  readonly send: (message: Message) => Effect.Effect<string, OutboxError>
  /** Whether it runs, and how much there is to do. */
  readonly status: Effect.Effect<OutboxStatus>
  /** The current status first, then every change; a sliding buffer of 1 024. Ends after `Failed`. */
  readonly changes: Stream.Stream<OutboxStatus>
  /** Waits until the peer has acknowledged everything that was sent so far, and what is sent meanwhile. */
  readonly awaitEmpty: Effect.Effect<void, OutboxError>
}

/** What goes through an outbox, and how. */
export interface Options<Message, Incoming, Outgoing, Feed = never> {
  /** The protocol to send over: its tag, or the service itself. */
  readonly protocol: Context.Key<Feed, ProtocolService<Incoming, Outgoing>> | ProtocolService<Incoming, Outgoing>
  /** Of the messages, as they are stored: as JSON, by `Schema.toCodecJson`. What a later version of it cannot decode is `Undeliverable`. */
  readonly schema: Schema.Codec<Message, unknown>
  /**
   * Which messages an incoming one acknowledges, by their ids: one, several, or
   * `{ upTo }` one; undefined for none. Called inside the socket's callback.
   */
  readonly ackOf: (incoming: Incoming) => Acknowledgement | undefined
  /**
   * The id of a message that carries its own, unique in this outbox. Default: made
   * by the outbox, of 16 random digits that belong to the store and the message's
   * number, as in `3f9c2a7be01d4456-17`. The numbers begin anew only with other digits.
   */
  readonly idOf?: ((message: Message) => string) | undefined
  /**
   * What is sent for a message: a pure function, called each time the process
   * sends it, and once before it is stored. Without `idOf` it must put the id
   * where the peer finds it, for the acknowledgement and to know a duplicate. Default:
   * the message itself.
   */
  readonly toOutgoing?: ((message: Message, id: string, sequence: number) => Outgoing) | undefined
  /** How many messages may be sent and not acknowledged, and so how many are sent again after a loss. Default 64. */
  readonly inFlight?: number | undefined
  /**
   * Called with a message that was stored, by an earlier version perhaps, and
   * cannot be decoded or encoded any more. Where it succeeds, the message is removed,
   * and those after it go on. Default: the outbox is `Blocked`, logs an error, and keeps it.
   */
  readonly onUndeliverable?: ((message: Undeliverable) => Effect.Effect<void, unknown>) | undefined
  /** When a store that fails is tried again; where the schedule ends, the outbox is `Failed`. Default: after 100 ms, then twice as long each time, up to 5 seconds, for ever. */
  readonly retry?: Schedule.Schedule<unknown, OutboxStoreError> | undefined
  /** How long one operation of the store may take before it counts as failed, and is tried again. Default 10 seconds. */
  readonly storeTimeout?: Duration.Input | undefined
}

/** The same with a name. */
export interface NamedOptions<Message, Incoming, Outgoing, Feed = never>
  extends Options<Message, Incoming, Outgoing, Feed>
{
  /** Of the outbox in its store; whoever opens the same name in the same store goes on with its messages. */
  readonly name: string
}

/** After 100 ms, then twice as long each time, up to 5 seconds, for ever. */
export const defaultRetry: Schedule.Schedule<unknown, OutboxStoreError> = Schedule.min([
  Schedule.exponential("100 millis"),
  Schedule.spaced("5 seconds")
])

/**
 * An outbox in the store around it, for the life of the scope.
 *
 * **Details**
 *
 * Fails with `InvalidRequest` for options that can never work, and where the store
 * cannot be opened and no retry helps. Where one may, the
 * outbox begins as `Suspended`. It registers for the sessions of the connection:
 * in each, what was sent and not acknowledged is sent again, in order, before any
 * other frame, and what an earlier process left follows at once. (Into a session
 * that is open already when the outbox is made, it is sent after what was before.)
 */
export const make = <Message, Incoming, Outgoing, Feed = never>(
  options: NamedOptions<Message, Incoming, Outgoing, Feed>
): Effect.Effect<OutboxService<Message>, OutboxStoreError | ConnectionError, OutboxStore | Feed | Scope.Scope> =>
  Effect.gen(function*() {
    const { inFlight, name, storeTimeout } = yield* checkOptions(options)
    const store = yield* OutboxStore
    const protocol = yield* serviceOf(options.protocol)
    const backlog = new Backlog()
    const condition = new Condition(() => ({ pending: backlog.pending, inFlight: backlog.window.size }))
    const offers = new Offers()
    const packing = new Packing(options, protocol.encode)
    const failed = (reason: OutboxError["reason"]) => new OutboxError({ reason, outbox: name })
    yield* Effect.addFinalizer(() =>
      Effect.sync(() => {
        offers.close(failed(new OutboxClosed({})))
        backlog.close()
      })
    )

    const settled = yield* Deferred.make<void, OutboxStoreError>()
    yield* keep({
      name,
      backlog,
      condition,
      offers,
      patience: {
        schedule: options.retry ?? defaultRetry,
        timeout: storeTimeout
      },
      open: store.open,
      onOpened: ({ id }) => packing.opened(id),
      settled
    }).pipe(
      Effect.catch((cause) =>
        Effect.suspend(() => {
          condition.fail(cause)
          offers.close(failed(new StoreFailed({ cause })))
          backlog.close()
          return Effect.andThen(condition.changed, Deferred.fail(settled, cause))
        })
      ),
      Effect.annotateLogs({ outbox: name }),
      Effect.forkScoped({ startImmediately: true })
    )
    yield* Deferred.await(settled)

    const courier = new Courier({
      backlog,
      condition,
      inFlight,
      pack: (entry) => packing.pack(entry),
      onUndeliverable: options.onUndeliverable
    })
    // Before anything that may have a lazy connection dial.
    yield* protocol.connection.prelude((session) => courier.begin(session))
    yield* protocol.listen((incoming) => {
      const ack = options.ackOf(incoming)
      if (ack !== undefined) backlog.acknowledge(ack)
    })
    yield* Effect.forkScoped(beginWithOpen(protocol.connection, courier))
    yield* Effect.forkScoped(Effect.annotateLogs(courier.run, { outbox: name }))

    const awaitEmpty: Effect.Effect<void, OutboxError> = Effect.suspend(() => {
      if (offers.closed !== undefined) return offers.closed
      return backlog.isEmpty && offers.isEmpty ? Effect.void : backlog.awaitEmpty(awaitEmpty)
    })
    return {
      name,
      send: (message) =>
        Effect.suspend(() => {
          const stored = packing.store(message)
          return stored._tag === "Failure"
            ? Effect.fail(failed(new Unencodable({ problem: stored.failure })))
            : Effect.map(offers.offer(stored.success), (sequence) => packing.idOf(message, sequence))
        }),
      status: Effect.sync(() => condition.now),
      changes: condition.changes,
      awaitEmpty
    }
  })

const serviceOf = <Incoming, Outgoing, Feed>(
  protocol: Options<never, Incoming, Outgoing, Feed>["protocol"]
): Effect.Effect<ProtocolService<Incoming, Outgoing>, never, Feed> =>
  Context.isKey(protocol) ? protocol : Effect.succeed(protocol)

/** **Service**: an outbox of messages whose type is not known; for one whose is, see `Service`. */
export class Outbox extends Context.Service<Outbox, OutboxService<unknown>>()("holdfast/Outbox") {}

/** The layer of `Outbox`, over the protocol and `OutboxStore`. Fails as `make` does. */
export const layer = <Message, Incoming, Outgoing, Feed = never>(
  options: NamedOptions<Message, Incoming, Outgoing, Feed>
): Layer.Layer<Outbox, OutboxStoreError | ConnectionError, OutboxStore | Feed> =>
  Layer.effect(
    Outbox,
    // What is no `Message` is refused by the schema.
    Effect.map(make(options), (outbox) => outbox as OutboxService<unknown>)
  )

/**
 * A tag for one outbox among several, whose messages have a type; its key is the
 * default `name`.
 *
 * **Example**
 *
 * ```ts
 * class Orders extends Outbox.Service<Orders>()("app/Orders", {
 *   protocol: Exchange,
 *   schema: Order,
 *   toOutgoing: (order, id) => ({ op: "order", id, order }),
 *   ackOf: (incoming) => incoming.op === "accepted" ? incoming.id : undefined
 * }) {}
 * ```
 */
export const Service = <Self>() =>
<const Id extends string, Message, Incoming, Outgoing, Feed = never>(
  id: Id,
  options: Options<Message, Incoming, Outgoing, Feed> & { readonly name?: string | undefined }
): ServiceClass<Self, Id, Message, Feed> => {
  const Tag = Context.Service<Self, OutboxService<Message>>()(id)
  return Object.assign(Tag, { layer: Layer.effect(Tag, make({ ...options, name: options.name ?? id })) })
}

/** The class that `Service` makes. */
export interface ServiceClass<Self, Id extends string, Message, Feed = never>
  extends Context.ServiceClass<Self, Id, OutboxService<Message>>
{
  /** The layer of this tag, over the protocol and `OutboxStore`. */
  readonly layer: Layer.Layer<Self, OutboxStoreError | ConnectionError, OutboxStore | Feed>
}
