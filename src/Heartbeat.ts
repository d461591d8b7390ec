/**
 * Is this link alive?
 *
 * **Details**
 *
 * Anything received is life, pongs and fragments included. A verdict needs a
 * timer that fired on time: after a stalled event loop or a suspended machine
 * what is buffered is read and the peer is asked once more. While we hold the
 * socket paused, nothing is judged. A link that is found dead is terminated at
 * once, without a closing handshake.
 */
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Predicate from "effect/Predicate"
import type * as Scope from "effect/Scope"
import { ConnectionError, InvalidRequest } from "./ConnectionError.ts"
import * as askers from "./internal/askers.ts"
import { positiveDuration } from "./internal/duration.ts"
import * as idleness from "./internal/idleness.ts"
import * as liveness from "./internal/liveness.ts"
import type { Link, Message } from "./Link.ts"

/** What a heartbeat may tell of a link. */
export interface GuardContext {
  /** Called with the round trip of every answered ping. */
  readonly onRtt: (rtt: Duration.Duration) => void
  /**
   * Where the connection has a rate limit: waits for the turn of a message, ahead of
   * what users send, and calls `offer` then, which is to hand it to the link; the
   * result says whether it was taken. Undefined where there is no limit.
   */
  readonly inTurn?: ((offer: () => boolean) => Effect.Effect<boolean>) | undefined
  /** Which dial made this link, for the error. */
  readonly attempt: number
}

/**
 * **Service**: is this link alive?
 */
export class Heartbeat extends Context.Service<Heartbeat, {
  /**
   * Watches a link; fails with the reason for which it is dead, having ended the
   * link with that same reason and freed its descriptor, and never succeeds. Once
   * the link is closing or has ended, it only waits to be interrupted. Run in the
   * session's scope and raced with the session.
   */
  readonly guard: (link: Link, context?: GuardContext) => Effect.Effect<never, ConnectionError>
  /** Whether it needs a transport that can send pings; false where not said. */
  readonly needsPing?: boolean | undefined
}>()("holdfast/Heartbeat") {}

/** How often to ask, and how long to wait for a sign of life. */
export interface HeartbeatOptions {
  /** A ping goes out when nothing was received for this long. Default: 25 seconds. */
  readonly interval?: Duration.Input | undefined
  /** How long after the ping has left this process anything must be received. Default: 15 seconds. */
  readonly timeout?: Duration.Input | undefined
}

/** The same with a message of the application in place of the ping. */
export interface MessageOptions<R = never> extends HeartbeatOptions {
  /** What to send: a message, or what makes one for each beat. */
  readonly message: Message | (() => Message) | Effect.Effect<Message, never, R>
  /** Tells the answer to such a message, for the round trip. Without it there is none; anything received is life either way. */
  readonly isReply?: ((message: Message) => boolean) | undefined
}

/** How long a feed may be silent. */
export interface IdleOptions {
  /** How long neither a message nor a ping of the peer's may come; required. */
  readonly within: Duration.Input
}

/** One for all connections that are not told otherwise: it holds nothing of any of them. */
const usual: liveness.Pace = { interval: Duration.seconds(25), timeout: Duration.seconds(15) }

const check = (option: string, input: Duration.Input): Effect.Effect<Duration.Duration, ConnectionError> =>
  Effect.mapError(
    Effect.fromResult(positiveDuration(`heartbeat.${option}`, input)),
    (reason) => new ConnectionError({ reason })
  )

const invalid = (option: string, problem: string): Effect.Effect<never, ConnectionError> =>
  Effect.fail(new ConnectionError({ reason: new InvalidRequest({ option, problem }) }))

const checkPace = (options: HeartbeatOptions | undefined): Effect.Effect<liveness.Pace, ConnectionError> =>
  options === undefined
    ? Effect.succeed(usual)
    : Predicate.isObject(options)
    ? Effect.all({
      interval: check("interval", options.interval ?? usual.interval),
      timeout: check("timeout", options.timeout ?? usual.timeout)
    })
    : invalid("heartbeat", "must be an object with `interval` and `timeout`, or a layer of Heartbeat")

const checkMessage = (options: unknown): Effect.Effect<liveness.Pace, ConnectionError> => {
  if (!Predicate.isObject(options)) return invalid("heartbeat", "must be an object with at least a `message`")
  const { isReply, message } = options
  if (
    typeof message !== "string" && typeof message !== "function" && !(message instanceof Uint8Array) &&
    !Effect.isEffect(message)
  ) {
    return invalid("heartbeat.message", "must be a message, a function that makes one, or an Effect of one")
  }
  return isReply === undefined || typeof isReply === "function"
    ? checkPace(options)
    : invalid("heartbeat.isReply", "must be a function that tells whether a message is the answer")
}

/**
 * A heartbeat of protocol pings (RFC 6455 §5.5.2).
 *
 * Fails with `InvalidRequest` for a duration that is not finite and above zero.
 */
export const make = (options?: HeartbeatOptions): Effect.Effect<Heartbeat["Service"], ConnectionError> =>
  Effect.map(checkPace(options), (pace) => ({
    needsPing: true,
    guard: (link, context) => liveness.watch(link, context, pace, askers.pings)
  }))

/**
 * A heartbeat of messages, for transports without pings (browsers) and services
 * that want their own.
 *
 * Fails with `InvalidRequest` for a duration that is not finite and above zero,
 * and for what is no message.
 *
 * **Gotchas**
 *
 * The answers reach `connection.messages` like any other message.
 */
export const makeMessage = <R = never>(
  options: MessageOptions<R>
): Effect.Effect<Heartbeat["Service"], ConnectionError, R> =>
  Effect.flatMap(checkMessage(options), (pace) =>
    Effect.contextWith((context: Context.Context<R>) => {
      const message = Effect.provideContext(toEffect(options.message), context)
      const asker = askers.messages(message, options.isReply)
      return Effect.succeed<Heartbeat["Service"]>({
        guard: (link, context) => liveness.watch(link, context, pace, asker)
      })
    }))

const toEffect = <R>(message: MessageOptions<R>["message"]): Effect.Effect<Message, never, R> =>
  Effect.isEffect(message) ? message : typeof message === "function" ? Effect.sync(message) : Effect.succeed(message)

/**
 * Sends nothing and only watches for messages and the peer's own pings, not for
 * pongs: for servers that drive the heartbeat, and for feeds that may die behind
 * a living connection.
 *
 * Fails with `InvalidRequest` for a duration that is not finite and above zero.
 */
export const makeIdle = (options: IdleOptions): Effect.Effect<Heartbeat["Service"], ConnectionError> => {
  const isGroup: boolean = Predicate.isObject(options)
  return isGroup
    ? Effect.map(check("within", options.within), (within) => ({
      guard: (link, context) => idleness.watch(link, context, within)
    }))
    : invalid("heartbeat", "must be an object with `within`")
}

/**
 * Protocol pings (RFC 6455 §5.5.2): one when nothing was received for
 * `interval`, by default 25 seconds; the link is dead when nothing is received
 * for `timeout`, by default 15 seconds, after it.
 *
 * Fails with `InvalidRequest` for a duration that is not finite and above zero.
 *
 * **Gotchas**
 *
 * Over a transport that cannot send pings, the connection's layer fails: take
 * `layerMessage` there.
 */
export const layer = (options?: HeartbeatOptions): Layer.Layer<Heartbeat, ConnectionError> =>
  Layer.effect(Heartbeat, make(options))

/**
 * The same with a message of the application in place of the ping. See
 * `makeMessage`.
 */
export const layerMessage = <R = never>(options: MessageOptions<R>): Layer.Layer<Heartbeat, ConnectionError, R> =>
  Layer.effect(Heartbeat, makeMessage(options))

/**
 * Fails when neither a message nor a ping of the peer's came for `within`. See
 * `makeIdle`.
 */
export const layerIdle = (options: IdleOptions): Layer.Layer<Heartbeat, ConnectionError> =>
  Layer.effect(Heartbeat, makeIdle(options))

const none: Heartbeat["Service"] = { guard: () => Effect.never }

/**
 * No heartbeat: a dead peer is noticed when the operating system notices.
 */
export const layerNone: Layer.Layer<Heartbeat> = Layer.succeed(Heartbeat, none)

/**
 * Several heartbeats at once; the first verdict counts.
 *
 * ```ts
 * Heartbeat.all([Heartbeat.layer(), Heartbeat.layerIdle({ within: "2 minutes" })])
 * ```
 */
export const all = <const Layers extends ReadonlyArray<Layer.Any & Layer.Layer<Heartbeat, unknown, unknown>>>(
  layers: Layers
): Layer.Layer<Heartbeat, Layer.Error<Layers[number]>, Layer.Services<Layers[number]>> => {
  const builds = layers.map((part) => Layer.build(part)) as unknown as ReadonlyArray<
    Effect.Effect<
      Context.Context<Heartbeat>,
      Layer.Error<Layers[number]>,
      Layer.Services<Layers[number]> | Scope.Scope
    >
  >
  return Layer.effect(
    Heartbeat,
    Effect.map(Effect.all(builds), (built) => combine(built.map((context) => Context.get(context, Heartbeat))))
  )
}

const combine = (parts: ReadonlyArray<Heartbeat["Service"]>): Heartbeat["Service"] =>
  parts.length === 0 ? none : {
    needsPing: parts.some((part) => part.needsPing === true),
    guard: (link, context) => Effect.raceAllFirst(parts.map((part) => part.guard(link, context)))
  }
