/**
 * A protocol and its connection on Node, in one call.
 */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import type { ConnectionError } from "../ConnectionError.ts"
import * as Protocol from "../Protocol.ts"
import * as NodeConnection from "./NodeConnection.ts"

/**
 * The layer of a tag made by `Protocol.Service`, with a connection of its own
 * that has all parts. The tag's key is the connection's default `name`.
 *
 * **Gotchas**
 *
 * The connection is no service of this layer; `connection` of the protocol is it.
 *
 * **Example**
 *
 * ```ts
 * Effect.provide(program, NodeProtocol.layer(Feed, { url: "wss://feed.example" }))
 * ```
 */
export const layer = <
  Self,
  Id extends string,
  Incoming,
  Outgoing,
  R = never,
  RUrl = never,
  RHeaders = never,
  RSubprotocols = never,
  RGreet = never,
  RParts = never
>(
  tag: Protocol.ServiceClass<Self, Id, Incoming, Outgoing, R>,
  options: NodeConnection.Options<RUrl, RHeaders, RSubprotocols, RGreet, RParts>
): Layer.Layer<Self, ConnectionError, NodeConnection.Needs<RUrl, RHeaders, RSubprotocols, RGreet, RParts> | R> =>
  Layer.provide(tag.layer, NodeConnection.layer({ ...options, name: options.name ?? tag.key }))

/**
 * A protocol over a connection with parts of its own, for the life of the scope:
 * for people who hold several.
 */
export const make = <
  I extends Schema.ConstraintDecoder<unknown>,
  O extends Schema.ConstraintEncoder<unknown>,
  R = never,
  RUrl = never,
  RHeaders = never,
  RSubprotocols = never,
  RGreet = never,
  RParts = never
>(
  protocol: Protocol.Options<I, O, R>,
  options: NodeConnection.Options<RUrl, RHeaders, RSubprotocols, RGreet, RParts>
): Effect.Effect<
  Protocol.ProtocolService<I["Type"], O["Type"]>,
  ConnectionError,
  NodeConnection.Needs<RUrl, RHeaders, RSubprotocols, RGreet, RParts> | Scope.Scope | R
> => Effect.flatMap(NodeConnection.make(options), (connection) => Protocol.over(connection, protocol))
