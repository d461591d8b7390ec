/**
 * A connection on Node with all its parts, in one call.
 */
import * as Config from "effect/Config"
import * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Redacted from "effect/Redacted"
import type * as Scope from "effect/Scope"
import * as Connection from "../Connection.ts"
import type { ConnectionError } from "../ConnectionError.ts"
import * as Handshake from "../Handshake.ts"
import * as Heartbeat from "../Heartbeat.ts"
import * as Reconnect from "../Reconnect.ts"
import { Transport } from "../Transport.ts"
import * as NodeTransport from "./NodeTransport.ts"

/** The four services that a connection is composed of. */
export type Parts = Transport | Handshake.Handshake | Heartbeat.Heartbeat | Reconnect.Reconnect

/**
 * Everything that a connection on Node can be told: flat for the handshake and
 * the connection, grouped for the rest. Only `url` has no default.
 */
export interface Options<RUrl = never, RHeaders = never, RSubprotocols = never, RGreet = never, RParts = never>
  extends Connection.ConnectionOptions, Handshake.Options<RUrl, RHeaders, RSubprotocols, RGreet>
{
  /** Protocol pings, `false` for none, or any layer of `Heartbeat`. Default: every 25 seconds, timeout 15 seconds. */
  readonly heartbeat?:
    | false
    | Heartbeat.HeartbeatOptions
    | Layer.Layer<Heartbeat.Heartbeat, ConnectionError, RParts>
    | undefined
  /** When to dial again, `false` for never, or any layer of `Reconnect`. Default: see `Reconnect.layer`. */
  readonly reconnect?:
    | false
    | Reconnect.ReconnectOptions<RParts>
    | Layer.Layer<Reconnect.Reconnect, ConnectionError, RParts>
    | undefined
  /** How to dial: TLS, proxy, limits; or any layer of `Transport`. Default: see `NodeTransport.layer`. */
  readonly transport?:
    | NodeTransport.NodeTransportOptions
    | Layer.Layer<Transport, ConnectionError, RParts>
    | undefined
}

/** What the user's own effects need. */
export type Needs<RUrl, RHeaders, RSubprotocols, RGreet, RParts> =
  | Exclude<RUrl | RHeaders | RSubprotocols | RGreet, Scope.Scope>
  | RParts

/**
 * The four parts, with defaults for what is not given.
 */
export const parts = <RUrl = never, RHeaders = never, RSubprotocols = never, RGreet = never, RParts = never>(
  options: Options<RUrl, RHeaders, RSubprotocols, RGreet, RParts>
): Layer.Layer<Parts, ConnectionError, Needs<RUrl, RHeaders, RSubprotocols, RGreet, RParts>> =>
  Layer.mergeAll(
    transport(options?.transport),
    Handshake.layer(options),
    heartbeat(options?.heartbeat),
    reconnect(options?.reconnect)
  )

/**
 * The layer of `Connection`, with all its parts.
 *
 * **Gotchas**
 *
 * Layers are memoised by reference: two inline calls are two sockets. Give the
 * layer a name to share one.
 *
 * **Example**
 *
 * ```ts
 * Effect.runFork(program.pipe(Effect.provide(NodeConnection.layer({ url: "wss://feed.example" }))))
 * ```
 */
export const layer = <RUrl = never, RHeaders = never, RSubprotocols = never, RGreet = never, RParts = never>(
  options: Options<RUrl, RHeaders, RSubprotocols, RGreet, RParts>
): Layer.Layer<Connection.Connection, ConnectionError, Needs<RUrl, RHeaders, RSubprotocols, RGreet, RParts>> =>
  Layer.provide(Connection.layer(options), parts(options))

/**
 * The same for a tag of one's own, made by `Connection.Service`.
 */
export const layerFor = <
  Self,
  Id extends string,
  RUrl = never,
  RHeaders = never,
  RSubprotocols = never,
  RGreet = never,
  RParts = never
>(
  tag: Connection.ServiceClass<Self, Id>,
  options: Options<RUrl, RHeaders, RSubprotocols, RGreet, RParts>
): Layer.Layer<Self, ConnectionError, Needs<RUrl, RHeaders, RSubprotocols, RGreet, RParts>> =>
  Layer.provide(tag.layer(options), parts(options))

/**
 * A connection with parts of its own, for the life of the scope: for people who
 * hold several.
 */
export const make = <RUrl = never, RHeaders = never, RSubprotocols = never, RGreet = never, RParts = never>(
  options: Options<RUrl, RHeaders, RSubprotocols, RGreet, RParts>
): Effect.Effect<
  Connection.ConnectionService,
  ConnectionError,
  Needs<RUrl, RHeaders, RSubprotocols, RGreet, RParts> | Scope.Scope
> =>
  Effect.gen(function*() {
    // As `parts`, without the layers: they cost some KiB a connection.
    const services = Context.empty().pipe(
      Context.add(Transport, yield* makeTransport(options?.transport)),
      Context.add(Handshake.Handshake, yield* Handshake.make(options)),
      Context.add(Heartbeat.Heartbeat, yield* makeHeartbeat(options?.heartbeat)),
      Context.add(Reconnect.Reconnect, yield* makeReconnect(options?.reconnect))
    )
    return yield* Effect.provideContext(Connection.make(options), services)
  })

/**
 * The options that are plain data, for `layerConfig`.
 */
export interface ConfigOptions {
  readonly url: string | Redacted.Redacted
  readonly name?: string | undefined
  readonly headers?: { readonly [name: string]: string | Redacted.Redacted } | undefined
  readonly subprotocols?: ReadonlyArray<string> | undefined
  readonly requireSubprotocol?: boolean | undefined
  readonly timeout?: Duration.Input | undefined
  readonly greetTimeout?: Duration.Input | undefined
  readonly heartbeat?: false | { readonly interval?: Duration.Input; readonly timeout?: Duration.Input } | undefined
  readonly reconnect?: false | { readonly resetAfter?: Duration.Input } | undefined
  readonly transport?: NodeTransport.NodeTransportOptions | undefined
  readonly inbound?: Connection.ConnectionOptions["inbound"]
  readonly outbound?: Connection.ConnectionOptions["outbound"]
  readonly start?: Connection.ConnectionOptions["start"]
  readonly closeTimeout?: Duration.Input | undefined
  readonly closeCode?: number | undefined
}

/**
 * What `layerConfig` reads: all options in one `Config`, or each on its own; a
 * group, and `headers`, may be an object of them.
 */
export type ConfigSource =
  | Config.Config<ConfigOptions>
  | {
    readonly [K in keyof ConfigOptions]: K extends "headers"
      ? Config.Config<ConfigOptions[K]> | { readonly [name: string]: Config.Config<string | Redacted.Redacted> }
      // `Config.Wrap` takes what may be `false` for no group.
      : K extends "heartbeat" | "reconnect" ?
        Config.Wrap<ConfigOptions[K]> | Config.Wrap<Exclude<ConfigOptions[K], false>>
      : Config.Wrap<ConfigOptions[K]>
  }

/**
 * The layer of `Connection`, with options read from Effect's `Config`; what is
 * not data, such as `greet`, is given beside it and wins.
 *
 * **Example**
 *
 * ```ts
 * NodeConnection.layerConfig(
 *   { url: Config.Redacted("FEED_URL"), name: Config.String("FEED_NAME") },
 *   { greet: (session) => session.send("hello") }
 * )
 * ```
 */
export const layerConfig = <RUrl = never, RHeaders = never, RSubprotocols = never, RGreet = never, RParts = never>(
  config: ConfigSource,
  beside?: Partial<Options<RUrl, RHeaders, RSubprotocols, RGreet, RParts>>
): Layer.Layer<
  Connection.Connection,
  ConnectionError | Config.ConfigError,
  Needs<RUrl, RHeaders, RSubprotocols, RGreet, RParts>
> =>
  Layer.unwrap(
    Effect.map(
      // `Config.Wrap` does not know records, `Config.unwrap` does.
      Config.unwrap(config as Config.Wrap<ConfigOptions>),
      (options) => layer({ ...options, ...beside })
    )
  )

const transport = <R>(
  option: Options<never, never, never, never, R>["transport"]
): Layer.Layer<Transport, ConnectionError, R> => isLayer(option) ? option : NodeTransport.layer(option)

const heartbeat = <R>(
  option: Options<never, never, never, never, R>["heartbeat"]
): Layer.Layer<Heartbeat.Heartbeat, ConnectionError, R> =>
  option === false ? Heartbeat.layerNone : isLayer(option) ? option : Heartbeat.layer(option)

const reconnect = <R>(
  option: Options<never, never, never, never, R>["reconnect"]
): Layer.Layer<Reconnect.Reconnect, ConnectionError, R> =>
  option === false ? Reconnect.layerNever : isLayer(option) ? option : Reconnect.layer(option)

const makeTransport = <R>(
  option: Options<never, never, never, never, R>["transport"]
): Effect.Effect<Transport["Service"], ConnectionError, R | Scope.Scope> =>
  isLayer(option)
    ? Effect.map(Layer.build(Layer.fresh(option)), Context.get(Transport))
    : NodeTransport.make(option)

const makeHeartbeat = <R>(
  option: Options<never, never, never, never, R>["heartbeat"]
): Effect.Effect<Heartbeat.Heartbeat["Service"], ConnectionError, R | Scope.Scope> =>
  option === false || isLayer(option)
    ? Effect.map(Layer.build(Layer.fresh(heartbeat(option))), Context.get(Heartbeat.Heartbeat))
    : Heartbeat.make(option)

const makeReconnect = <R>(
  option: Options<never, never, never, never, R>["reconnect"]
): Effect.Effect<Reconnect.Reconnect["Service"], ConnectionError, R | Scope.Scope> =>
  option === false || isLayer(option)
    ? Effect.map(Layer.build(Layer.fresh(reconnect(option))), Context.get(Reconnect.Reconnect))
    : Reconnect.make(option)

// `Layer.isLayer` forgets what the layer makes and needs.
const isLayer = <L extends Layer.Layer<never, unknown, unknown>>(option: L | object | undefined): option is L =>
  Layer.isLayer(option)
