/**
 * Requests and replies over a protocol: which reply belongs to which request, and
 * what an outage means to a request.
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import type * as Scope from "effect/Scope"
import { ConnectionError } from "./ConnectionError.ts"
import { Correlation } from "./internal/correlation.ts"
import { positiveOrInfiniteDuration } from "./internal/duration.ts"
import { followSessions } from "./internal/followSessions.ts"
import { type RequestLost, RequestTimedOut } from "./internal/requestErrors.ts"
import type { ProtocolService } from "./Protocol.ts"

export { RequestLost, RequestTimedOut } from "./internal/requestErrors.ts"

/** What can tell requests apart. `1` and `"1"` are two ids. */
export type Id = string | number | bigint | boolean | symbol | null

/** How a request is made. */
export interface RequestOptions {
  /**
   * How long to wait for the reply, from the call on: waiting for a session and
   * for room in the transport count too. `"Infinity"` for no limit. Default:
   * `timeout` of `make`.
   */
  readonly timeout?: Duration.Input | undefined
  /**
   * Whether to send it again, with the same id, in the next session where its
   * session ended before the reply: for idempotent requests only. The timeout
   * goes on counting. Default: `retryOnReconnect` of `make`.
   */
  readonly retryOnReconnect?: boolean | undefined
}

/** How requests and their replies are recognised. */
export interface Options<Incoming, Outgoing, I extends Id> {
  /** What the requests go over; it may serve others as well. */
  readonly protocol: ProtocolService<Incoming, Outgoing>
  /** The id of a request; undefined for what is none. */
  readonly idOf: (outgoing: Outgoing) => I | undefined
  /**
   * The id of the request to which this is the reply; undefined for what is
   * none. Called inside the socket's callback for every message.
   */
  readonly replyTo: (incoming: Incoming) => I | undefined
  /** For requests that do not say otherwise. Default 30 seconds. */
  readonly timeout?: Duration.Input | undefined
  /** For requests that do not say otherwise. Default false. */
  readonly retryOnReconnect?: boolean | undefined
}

/** What has been counted. */
export interface Counts {
  /** Requests that wait for their reply now. */
  readonly inFlight: number
  /** Replies for which no request waited (any more), since the beginning. */
  readonly late: number
}

/**
 * Requests over a protocol.
 */
export interface Requests<Incoming, Outgoing> {
  /**
   * Sends a request, and waits for its reply. Any number may be in flight.
   *
   * **Details**
   *
   * Whatever came as the reply is returned, an error of the peer's too: what
   * counts as one is the protocol's to say, in an `Effect.flatMap`.
   *
   * Fails with
   *
   * - `RequestTimedOut`: no reply within `timeout`;
   * - `RequestLost`: the session ended first, or none came;
   * - `ConnectionError` with the reason `SendFailed` and a cause of
   *   `InvalidRequest`: it cannot be encoded, it has no id, or its id is in
   *   flight already. Nothing was sent.
   *
   * Interrupting it forgets it: what was not handed over is never sent, and its
   * reply is late.
   */
  readonly request: (
    outgoing: Outgoing,
    options?: RequestOptions
  ) => Effect.Effect<Incoming, RequestTimedOut | RequestLost | ConnectionError>
  /** How many are in flight, and how many replies came too late. */
  readonly counts: Effect.Effect<Counts>
}

/**
 * Requests over a protocol, for the life of the scope. Fails with
 * `InvalidRequest` for a `timeout` that can never work.
 *
 * **Details**
 *
 * Replies are recognised inside the socket's callback, so one that arrives right
 * before the end of its session is never lost. A reply for which no request
 * waits is dropped and counted; the first one is logged, at debug.
 *
 * A request made while no session is open waits for the next one as `send` does:
 * with `outbound.whileDisconnected: "fail"` it is lost at once, not sent (with
 * `retryOnReconnect` it waits all the same).
 *
 * **Gotchas**
 *
 * Replies are messages like any other: readers of `protocol.messages` get them
 * too.
 *
 * **Example**
 *
 * ```ts
 * const requests = yield* Requests.make({
 *   protocol: yield* Feed,
 *   idOf: (outgoing) => outgoing.id,
 *   replyTo: (incoming) => "replyTo" in incoming ? incoming.replyTo : undefined
 * })
 * const reply = yield* requests.request({ id: 1, ask: "price" }, { timeout: "5 seconds" })
 * ```
 */
export const make = <Incoming, Outgoing, I extends Id>(
  options: Options<Incoming, Outgoing, I>
): Effect.Effect<Requests<Incoming, Outgoing>, ConnectionError, Scope.Scope> =>
  Effect.gen(function*() {
    const defaultTimeout = yield* checkTimeout(options.timeout ?? "30 seconds")
    const { idOf, protocol, replyTo } = options
    const scope = yield* Effect.scope
    const context = yield* Effect.context<never>()
    const correlation: Correlation<I, Incoming, Outgoing> = new Correlation({
      protocol,
      replyTo,
      onFirstLate: (id) => {
        const log = Effect.logDebug(`a reply to ${String(id)}, for which no request waits; others are only counted`)
        Fiber.runIn(Effect.runForkWith(context)(log), scope)
      }
    })
    yield* Effect.addFinalizer(() => Effect.sync(() => correlation.close()))
    yield* protocol.listen(correlation.receive)
    yield* followSessions(protocol, correlation)
    return {
      request: (outgoing, { retryOnReconnect = options.retryOnReconnect === true, timeout } = {}) =>
        Effect.acquireUseRelease(
          Effect.suspend(() => correlation.begin(idOf(outgoing), outgoing, retryOnReconnect)),
          (pending) =>
            Effect.gen(function*() {
              const limit = timeout === undefined ? defaultTimeout : yield* checkTimeout(timeout)
              const exchange = correlation.exchange(pending)
              if (!Duration.isFinite(limit)) return yield* exchange
              const reply = yield* Effect.timeoutOption(exchange, limit)
              if (Option.isSome(reply)) return reply.value
              // It came at the last moment; a reply that is here is never thrown away.
              if (pending.outcome !== undefined) return yield* pending.outcome
              return yield* new RequestTimedOut({ id: pending.id, timeout: limit, delivery: pending.delivery })
            }),
          (pending) => Effect.sync(() => correlation.forget(pending))
        ),
      counts: Effect.sync(() => ({ inFlight: correlation.size, late: correlation.late }))
    }
  })

const checkTimeout = (timeout: Duration.Input): Effect.Effect<Duration.Duration, ConnectionError> =>
  Effect.fromResult(
    Result.mapError(positiveOrInfiniteDuration("timeout", timeout), (reason) => new ConnectionError({ reason }))
  )
