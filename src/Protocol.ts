/**
 * A typed conversation over a connection: a codec, and a schema for each
 * direction.
 */
import type { NonEmptyReadonlyArray } from "effect/Array"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Pull from "effect/Pull"
import type * as Result from "effect/Result"
import type * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { Codec } from "./Codec.ts"
import { Connection, type ConnectionService, type Message, type SendOptions } from "./Connection.ts"
import type { ConnectionError } from "./ConnectionError.ts"
import type { ConnectionStatus } from "./ConnectionStatus.ts"
import { Decoder } from "./internal/decoder.ts"
import { Decodings } from "./internal/decodings.ts"
import { makeEncoder } from "./internal/encoder.ts"
import { type InvalidMessage, InvalidMessages, type OnInvalid } from "./internal/invalidMessages.ts"
import {
  encoded,
  makeProtocolPrelude,
  makeProtocolSession,
  type ProtocolPrelude,
  type ProtocolSession
} from "./internal/protocolSession.ts"
import { TypedListeners, values } from "./internal/typedReaders.ts"

export type { InvalidMessage, OnInvalid } from "./internal/invalidMessages.ts"
export type { ProtocolPrelude, ProtocolSession } from "./internal/protocolSession.ts"

/** What is spoken, and what happens to what is not understood. */
export interface Options<
  I extends Schema.ConstraintDecoder<unknown>,
  O extends Schema.ConstraintEncoder<unknown>,
  R = never
> {
  /** What stands in a frame. */
  readonly codec: Codec
  /** What the peer sends: decoded from what the codec gives. Synchronous, and without services. */
  readonly incoming: I
  /** What we send: encoded to what the codec takes. Synchronous, and without services. */
  readonly outgoing: O
  /**
   * What happens with a message that the codec or the schema refuses, besides being counted and told on `invalid`:
   * `"log"` warns once for each kind and goes on; `"ignore"` goes on; `"fail"` fails the readers with `DecodingFailed`;
   * a function is run for each, one after the other, and what it fails with is logged. Default `"log"`.
   */
  readonly onInvalid?: OnInvalid<R> | undefined
}

/**
 * What a protocol can do.
 *
 * **Details**
 *
 * `messages`, `subscribe` and `listen` read as those of the connection do: every
 * run is its own subscription, under the connection's `inbound` options. A frame
 * is decoded once, however many readers there are; all are handed the same value.
 */
export interface ProtocolService<Incoming, Outgoing> {
  /** The connection below. */
  readonly connection: ConnectionService
  /** The connection's name. */
  readonly name: string
  /** The connection's status now. */
  readonly status: Effect.Effect<ConnectionStatus>
  /**
   * What the peer sends, across sessions, from now on. Ends when we close; fails when the connection gives up, and with
   * `DecodingFailed` where `onInvalid` is `"fail"`.
   *
   * **Gotchas**
   *
   * `Stream.take(1)` takes a batch and drops the rest; for single answers use
   * `Requests`, `greet` or a session's `receive`.
   */
  readonly messages: Stream.Stream<Incoming, ConnectionError>
  /** The same in batches, without a `Stream`. A batch is shared by all readers: nobody may change it. */
  readonly subscribe: Effect.Effect<Pull.Pull<NonEmptyReadonlyArray<Incoming>, ConnectionError>, never, Scope.Scope>
  /**
   * Calls the handler inside the socket's callback while the scope is open; what it throws is caught and logged. With
   * `onInvalid: "fail"` it is not told of what is invalid.
   */
  readonly listen: (handler: (incoming: Incoming) => void) => Effect.Effect<void, never, Scope.Scope>
  /**
   * As the connection's `send`. What the schema or the codec refuses fails as not sent, with the reason `InvalidRequest`
   * that says what is wrong.
   */
  readonly send: (outgoing: Outgoing, options?: SendOptions) => Effect.Effect<void, ConnectionError>
  /** The message that `send` would send, or the `SendFailed` with which it would fail. */
  readonly encode: (outgoing: Outgoing) => Result.Result<Message, ConnectionError>
  /** Each session as it opens, the current one first; who is slow gets the latest. */
  readonly sessions: Stream.Stream<ProtocolSession<Incoming, Outgoing>, ConnectionError>
  /** As the connection's `withSessions`. */
  readonly withSessions: <A, E, R>(
    use: (session: ProtocolSession<Incoming, Outgoing>) => Effect.Effect<A, E, R>
  ) => Effect.Effect<void, E | ConnectionError, Exclude<R, Scope.Scope>>
  /**
   * Runs in every session, before any frame of `send`, while the scope is open: as the connection's `prelude`. In a
   * session that is open by then it does not run.
   */
  readonly prelude: (
    run: (session: ProtocolPrelude<Outgoing>) => Effect.Effect<void, ConnectionError>
  ) => Effect.Effect<void, never, Scope.Scope>
  /** What is not understood, from now on, as somebody reads it; a sliding buffer of 1 024. Ends when the connection is closed for good. */
  readonly invalid: Stream.Stream<InvalidMessage>
}

/**
 * A protocol over the connection around it, for the life of the scope.
 */
export const make = <
  I extends Schema.ConstraintDecoder<unknown>,
  O extends Schema.ConstraintEncoder<unknown>,
  R = never
>(
  options: Options<I, O, R>
): Effect.Effect<ProtocolService<I["Type"], O["Type"]>, never, Connection | Scope.Scope | R> =>
  Effect.flatMap(Connection, (connection) => over(connection, options))

/** The same over a connection that is at hand. */
export const over = <
  I extends Schema.ConstraintDecoder<unknown>,
  O extends Schema.ConstraintEncoder<unknown>,
  R = never
>(
  connection: ConnectionService,
  options: Options<I, O, R>
): Effect.Effect<ProtocolService<I["Type"], O["Type"]>, never, Scope.Scope | R> =>
  Effect.gen(function*() {
    const context = yield* Effect.context<R>()
    const scope = yield* Effect.scope
    const clock = yield* Clock.clockWith(Effect.succeed)
    const dispatcher = yield* Effect.withFiber((fiber) => Effect.succeed(fiber.currentDispatcher))
    const invalid = new InvalidMessages({
      connection,
      onInvalid: options.onInvalid ?? "log",
      context,
      scope,
      clock,
      dispatcher
    })
    const decoder = new Decoder<I["Type"]>(options.codec, options.incoming)
    const decodings = new Decodings<I["Type"], ConnectionError>(decoder, (problem) => invalid.add(problem))
    const encode = makeEncoder(options.codec, options.outgoing)
    const listeners = new TypedListeners(connection, decodings, (defect) => invalid.threw(defect))
    const subscribe = Effect.map(connection.subscribe, (pull) => values(decodings, pull))
    return {
      connection,
      get name() {
        return connection.name
      },
      status: connection.status,
      messages: Stream.scoped(Stream.fromPull(subscribe)),
      subscribe,
      listen: (handler) => listeners.listen(handler),
      send: (outgoing, options) => encoded(encode, outgoing, (message) => connection.send(message, options)),
      encode,
      sessions: Stream.map(connection.sessions, (session) => makeProtocolSession(session, decodings, encode)),
      withSessions: (use) => connection.withSessions((session) => use(makeProtocolSession(session, decodings, encode))),
      prelude: (run) => connection.prelude((session) => run(makeProtocolPrelude(session, encode))),
      invalid: invalid.stream
    }
  })

/** The class that `Service` makes. */
export interface ServiceClass<
  Self,
  Id extends string,
  Incoming,
  Outgoing,
  R = never
> extends Context.ServiceClass<Self, Id, ProtocolService<Incoming, Outgoing>> {
  /** The layer of this tag, over `Connection`. */
  readonly layer: Layer.Layer<Self, never, Connection | R>
  /** The same over a connection with a tag of its own, made by `Connection.Service`. */
  readonly layerOver: <Tag>(connection: Context.Key<Tag, ConnectionService>) => Layer.Layer<Self, never, Tag | R>
}

/**
 * A tag for one protocol; its key is the connection's default `name` in
 * `NodeProtocol.layer`.
 *
 * **Example**
 *
 * ```ts
 * const Price = Schema.Struct({ symbol: Schema.String, price: Schema.Number })
 * const Follow = Schema.Struct({ op: Schema.Literal("follow"), symbol: Schema.String })
 *
 * class Feed extends Protocol.Service<Feed>()("app/Feed", {
 *   codec: Codec.json,
 *   incoming: Price,
 *   outgoing: Follow
 * }) {}
 * ```
 */
export const Service = <Self>() =>
<
  const Id extends string,
  I extends Schema.ConstraintDecoder<unknown>,
  O extends Schema.ConstraintEncoder<unknown>,
  R = never
>(
  id: Id,
  options: Options<I, O, R>
): ServiceClass<Self, Id, I["Type"], O["Type"], Exclude<R, Scope.Scope>> => {
  const Tag = Context.Service<Self, ProtocolService<I["Type"], O["Type"]>>()(id)
  const layerOver = <Below>(below: Context.Key<Below, ConnectionService>) =>
    Layer.effect(Tag, Effect.flatMap(below, (connection) => over(connection, options)))
  return Object.assign(Tag, { layer: layerOver(Connection), layerOver })
}
