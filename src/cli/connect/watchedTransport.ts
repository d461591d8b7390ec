/**
 * A transport whose links are watched: every frame that comes or goes is told,
 * and how each link ends. For the record, for --show-ping-pong, and to know what
 * the peer has taken.
 */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { ConnectionError } from "../../ConnectionError.ts"
import type { Link, Message } from "../../Link.ts"
import * as NodeTransport from "../../node/NodeTransport.ts"
import { Transport } from "../../Transport.ts"

/** Which way a frame went. */
export type Direction = "received" | "sent"

/** Is told what happens on the links, inside the socket's callbacks; must not throw. */
export interface Watcher {
  readonly opened?: ((link: Link) => void) | undefined
  readonly message?: ((direction: Direction, message: Message) => void) | undefined
  /** The payload is the watcher's during the call only. Pongs that answer the peer's pings are not told. */
  readonly control?: ((direction: Direction, kind: "ping" | "pong", payload: Uint8Array) => void) | undefined
  readonly ended?: ((error: ConnectionError) => void) | undefined
}

/** Tells each of them, in this order. */
export const combine = (watchers: ReadonlyArray<Watcher>): Watcher => ({
  opened: (link) => watchers.forEach((watcher) => watcher.opened?.(link)),
  message: every(watchers.flatMap(({ message }) => message ?? [])),
  control: (direction, kind, payload) => watchers.forEach((watcher) => watcher.control?.(direction, kind, payload)),
  ended: (error) => watchers.forEach((watcher) => watcher.ended?.(error))
})

// Once a message: most have one watcher for it at most.
const every = (
  [first, ...rest]: ReadonlyArray<NonNullable<Watcher["message"]>>
): Watcher["message"] =>
  rest.length === 0 ? first : (direction, message) => {
    first?.(direction, message)
    for (const tell of rest) tell(direction, message)
  }

/** The transport of Node, watched. */
export const watchedTransport = (
  options: NodeTransport.NodeTransportOptions,
  watcher: Watcher
): Layer.Layer<Transport, ConnectionError> =>
  Layer.effect(
    Transport,
    Effect.map(NodeTransport.make(options), (transport) => ({
      ...transport,
      dial: (request, verify, progress) =>
        Effect.gen(function*() {
          const link = yield* transport.dial(request, verify, progress)
          yield* link.onPing((payload) => watcher.control?.("received", "ping", payload))
          yield* link.onPong((payload) => watcher.control?.("received", "pong", payload))
          const watched = watchLink(link, watcher)
          watcher.opened?.(watched)
          return watched
        })
    }))
  )

// Written out, since a link's members find their state by `this`, and since this is the hot path.
const watchLink = (link: Link, watcher: Watcher): Link => {
  const { message: tell } = watcher
  const control = (kind: "ping" | "pong", payload: Uint8Array) => watcher.control?.("sent", kind, payload)
  return {
    endpoint: link.endpoint,
    subprotocol: link.subprotocol,
    response: link.response,
    // What a greeting reads is not watched: this command has none.
    pull: link.pull,
    write: (messages) =>
      Effect.tap(link.write(messages), () => Effect.sync(() => messages.forEach((message) => tell?.("sent", message)))),
    flush: link.flush,
    ping: (payload) => Effect.tap(link.ping(payload), () => Effect.sync(() => control("ping", payload))),
    sendPing: (payload, sent) => {
      const taken = link.sendPing(payload, sent)
      if (taken) control("ping", payload)
      return taken
    },
    sendPong: (payload) => {
      const taken = link.sendPong(payload)
      if (taken) control("pong", payload)
      return taken
    },
    onPing: (handler) => link.onPing(handler),
    onPong: (handler) => link.onPong(handler),
    onMessage: (handler) => link.onMessage(handler),
    lastInbound: () => link.lastInbound(),
    lastData: () => link.lastData(),
    paused: () => link.paused(),
    close: (code, reason) => link.close(code, reason),
    terminate: link.terminate,
    abort: (error) => link.abort(error),
    ended: link.ended,
    failure: () => link.failure(),
    released: link.released,
    receive: (receiver) =>
      link.receive({
        onMessage: tell === undefined ? (message, bytes) => receiver.onMessage(message, bytes) : (message, bytes) => {
          tell("received", message)
          receiver.onMessage(message, bytes)
        },
        onEnd: (error) => {
          watcher.ended?.(error)
          receiver.onEnd(error)
        }
      }),
    offer: tell === undefined ? (message) => link.offer(message) : (message) => {
      const taken = link.offer(message)
      if (taken) tell("sent", message)
      return taken
    },
    buffered: () => link.buffered(),
    drained: (mark) => link.drained(mark),
    writable: () => link.writable(),
    pause: () => link.pause(),
    resume: () => link.resume(),
    afterCallback: link.afterCallback
  }
}
