/**
 * A WebSocket client connection that stays up: `Handshake`, `Heartbeat`,
 * `Reconnect` and `Transport`, composed and supervised.
 */
import type { NonEmptyReadonlyArray } from "effect/Array"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Pull from "effect/Pull"
import type * as Scope from "effect/Scope"
import type * as Socket from "effect/socket/Socket"
import type * as Stream from "effect/Stream"
import { ConnectionError, InvalidRequest } from "./ConnectionError.ts"
import type { ConnectionEvent } from "./ConnectionEvent.ts"
import type { ConnectionStatus } from "./ConnectionStatus.ts"
import { Handshake } from "./Handshake.ts"
import { Heartbeat } from "./Heartbeat.ts"
import { check, type ConnectionOptions } from "./internal/connectionOptions.ts"
import type { PreludeSession } from "./internal/preludes.ts"
import type { SendOptions } from "./internal/sendOptions.ts"
import type { CloseOptions, Session } from "./internal/session.ts"
import { supervise } from "./internal/supervisedConnection.ts"
import type { Services } from "./internal/supervisor.ts"
import type { Message } from "./Link.ts"
import { Reconnect } from "./Reconnect.ts"
import { Transport } from "./Transport.ts"

export type { ConnectionOptions } from "./internal/connectionOptions.ts"
export type { PreludeSession } from "./internal/preludes.ts"
export type { SendOptions } from "./internal/sendOptions.ts"
export type { CloseOptions, Session } from "./internal/session.ts"
export type { Message } from "./Link.ts"

/** How a session is replaced. */
export interface ReconnectOptions extends CloseOptions {
  /** Whether to wait until the moment the peer asked for. Default true. */
  readonly respectFloor?: boolean | undefined
}

/**
 * What a connection can do.
 *
 * **Details**
 *
 * Of the three ways to read, `listen` costs least (a call inside the socket's
 * callback), `subscribe` hands over batches, and `messages` is a `Stream` on
 * those batches: prefer `Stream.runForEachArray` over one effect a message.
 */
export interface ConnectionService {
  /** For logs, metrics and people. */
  readonly name: string
  /** The status now. */
  readonly status: Effect.Effect<ConnectionStatus>
  /** The current status first, then every transition; a sliding buffer of 1 024 that never holds anything up. */
  readonly changes: Stream.Stream<ConnectionStatus>
  /** What happens from now on, with numbers; a sliding buffer of 1 024. */
  readonly events: Stream.Stream<ConnectionEvent>
  /** The open session, as soon as there is one; fails only where the connection is closed for good. */
  readonly awaitOpen: Effect.Effect<Session, ConnectionError>
  /**
   * Runs `use` in each session's scope, interrupts it when the session ends, and
   * has awaited its finalizers before the next `Open`. A failure of `use` ends
   * the whole; our own close ends it with success.
   */
  readonly withSessions: <A, E, R>(
    use: (session: Session) => Effect.Effect<A, E, R>
  ) => Effect.Effect<void, E | ConnectionError, Exclude<R, Scope.Scope>>
  /**
   * Each session as it opens, the current one first; who is slow gets the latest.
   * Ends when we close, fails when the connection gives up.
   */
  readonly sessions: Stream.Stream<Session, ConnectionError>
  /**
   * Messages across sessions, from now on; every run is its own subscription, and
   * the first after a time without subscribers also gets what was kept. Ends when
   * we close, fails when the connection gives up.
   *
   * **Gotchas**
   *
   * `Stream.take(1)` takes a batch and drops the rest; for single answers use
   * `greet` or `session.receive`.
   */
  readonly messages: Stream.Stream<Message, ConnectionError>
  /** The same in batches, without a `Stream`. */
  readonly subscribe: Effect.Effect<
    Pull.Pull<NonEmptyReadonlyArray<Message>, ConnectionError>,
    never,
    Scope.Scope
  >
  /** Calls the handler inside the socket's callback while the scope is open; what it throws is caught and logged. */
  readonly listen: (handler: (message: Message) => void) => Effect.Effect<void, never, Scope.Scope>
  /**
   * Succeeds when the frame is in the transport's hands, in order, below the
   * high-water mark; suspends above it. While no session is open,
   * `outbound.whileDisconnected` rules. Fails with `SendFailed` only.
   *
   * **Gotchas**
   *
   * Bytes must not change until `send` has returned.
   */
  readonly send: (message: Message, options?: SendOptions) => Effect.Effect<void, ConnectionError>
  /** One `send` after the other, each with these options; stops at the first that fails. */
  readonly sendAll: (messages: Iterable<Message>, options?: SendOptions) => Effect.Effect<void, ConnectionError>
  /**
   * Runs in every session while the scope is open, after `greet` and before any
   * frame of `send`: what must be said again after each reconnect. What waits to
   * be sent is released when all preludes of the session are over; messages flow to
   * their readers meanwhile.
   *
   * **Details**
   *
   * Several run one after the other, in the order in which they were added. A
   * failure ends the session; a defect is a bug, and closes the connection. There is
   * no other bound: limit what may take long. The end of the session, or of the
   * scope, interrupts it. Added while a session is open, it runs from the next one
   * on.
   */
  readonly prelude: (
    run: (session: PreludeSession) => Effect.Effect<void, ConnectionError>
  ) => Effect.Effect<void, never, Scope.Scope>
  /** Everything sent so far has left this process; fails with `SendFailed` and `delivery: "unknown"` where a session died with some of it. */
  readonly flush: Effect.Effect<void, ConnectionError>
  /**
   * Ends the session (code 1000 by default, not flushed) and dials now; while
   * waiting it cuts the wait short, while dialling it keeps that dial. It resets
   * neither schedule nor counters. Returns when the old session has ended and the
   * dial begins, or waits for the floor alone. False, once closed. Fails with
   * `InvalidRequest` for a code that may not be sent.
   */
  readonly reconnect: (options?: ReconnectOptions) => Effect.Effect<boolean, ConnectionError>
  /**
   * Closes for good, and waits until it is done: flush, Close, the peer's answer,
   * within `closeTimeout`. Fails with `InvalidRequest` for a code that may not be
   * sent, and then closes nothing.
   */
  readonly close: (options?: CloseOptions) => Effect.Effect<void, ConnectionError>
  /** Waits until closed: succeeds where we closed it, fails where it gave up. */
  readonly await: Effect.Effect<void, ConnectionError>
  /**
   * Effect's own `Socket`, for `RpcClient` and friends. Releasing its reader or
   * writer never closes this connection; a written `CloseEvent` ends the session.
   */
  readonly socket: Socket.Socket
}

/**
 * **Service**: a WebSocket client connection that stays up.
 */
export class Connection extends Context.Service<Connection, ConnectionService>()("holdfast/Connection") {}

/** The four services that a connection is composed of. */
export type Parts = Transport | Handshake | Heartbeat | Reconnect

/**
 * A connection of the parts around it, for the life of the scope.
 *
 * Fails with `InvalidRequest` for options that can never work and, with `start:
 * "awaitOpen"`, with the cause for which no session ever opened.
 *
 * **Gotchas**
 *
 * `Connection.make` with parts provided around it by `Effect.provide` loses
 * them at once: use layers, or `NodeConnection.make`.
 */
export const make = (
  options?: ConnectionOptions
): Effect.Effect<ConnectionService, ConnectionError, Parts | Scope.Scope> =>
  Effect.gen(function*() {
    const checked = yield* check(options)
    const services: Services = {
      transport: yield* Transport,
      handshake: yield* Handshake,
      heartbeat: yield* Heartbeat,
      reconnect: yield* Reconnect
    }
    yield* checkCapabilities(services)
    const connection = yield* supervise(checked, services)
    if (checked.start === "awaitOpen") yield* connection.awaitOpen
    return connection
  })

/**
 * The layer of `Connection`, over its four parts. Fails as `make` does.
 */
export const layer = (options?: ConnectionOptions): Layer.Layer<Connection, ConnectionError, Parts> =>
  Layer.effect(Connection, make(options))

/**
 * A tag of one's own for one connection among several; its key is the default
 * `name`.
 *
 * ```ts
 * class Feed extends Connection.Service<Feed>()("app/Feed") {}
 * ```
 */
export const Service = <Self>() => <const Id extends string>(id: Id): ServiceClass<Self, Id> => {
  const Tag = Context.Service<Self, ConnectionService>()(id)
  return Object.assign(Tag, {
    layer: (options?: ConnectionOptions) => Layer.effect(Tag, make({ ...options, name: options?.name ?? id }))
  })
}

/** The class that `Service` makes. */
export interface ServiceClass<Self, Id extends string> extends Context.ServiceClass<Self, Id, ConnectionService> {
  /** The layer of this tag, over the four parts. */
  readonly layer: (options?: ConnectionOptions) => Layer.Layer<Self, ConnectionError, Parts>
}

const checkCapabilities = (services: Services): Effect.Effect<void, ConnectionError> => {
  const { capabilities } = services.transport
  const problem = services.heartbeat.needsPing === true && !capabilities.ping
    ? new InvalidRequest({
      option: "heartbeat",
      problem:
        "this transport cannot send pings; use Heartbeat.layerMessage, Heartbeat.layerIdle or Heartbeat.layerNone"
    })
    : services.handshake.usesHeaders === true && !capabilities.headers
    ? new InvalidRequest({
      option: "headers",
      problem: "this transport cannot send headers; put the token into the url, a subprotocol or `greet`"
    })
    : undefined
  return problem === undefined ? Effect.void : Effect.fail(new ConnectionError({ reason: problem }))
}
