/**
 * What one live WebSocket can do.
 *
 * A link is made by a `Transport` inside a scope. It ends exactly once, with
 * exactly one `ConnectionError`; closing its scope frees the descriptor.
 */
import type { NonEmptyReadonlyArray } from "effect/Array"
import type * as Effect from "effect/Effect"
import type * as Headers from "effect/http/Headers"
import type * as Option from "effect/Option"
import type * as Pull from "effect/Pull"
import type * as Scope from "effect/Scope"
import type { ConnectionError } from "./ConnectionError.ts"

/** A text message is a string, a binary one a plain `Uint8Array`. */
export type Message = string | Uint8Array

/** The server's answer to the opening handshake. */
export interface HandshakeResponse {
  /** The HTTP status, 101 where it opened a link. */
  readonly status: number
  /** In lower case; what came several times is joined with ", ". */
  readonly headers: Headers.Headers
}

/**
 * What a link calls, synchronously and inside the socket's own callback.
 *
 * A receiver must not throw; what it does not take is lost.
 */
export interface Receiver {
  /** A message, and its size on the wire in bytes, without framing. */
  readonly onMessage: (message: Message, bytes: number) => void
  /** The link ended. Called once, after the last message. */
  readonly onEnd: (error: ConnectionError) => void
}

/**
 * One live WebSocket.
 *
 * **Details**
 *
 * The effects are for people; `receive`, `offer`, `buffered` and the other plain
 * functions are the hot path of `Connection`, which must not build an effect for
 * each message.
 */
export interface Link {
  /** Origin and path; never credentials, never the query. */
  readonly endpoint: string
  /** The one that the server chose, if any. */
  readonly subprotocol: Option.Option<string>
  /** None where the platform does not tell (browsers). */
  readonly response: Option.Option<HandshakeResponse>

  /** The next messages, at least one; fails with the reason of the end, after the last of them. Useless once `receive` was called. */
  readonly pull: Pull.Pull<NonEmptyReadonlyArray<Message>, ConnectionError>
  /** Hands messages to the socket, in order. Fails with `SendFailed` where the link is closing or has ended; never waits for the peer. */
  readonly write: (messages: NonEmptyReadonlyArray<Message>) => Effect.Effect<void, ConnectionError>
  /** Everything written so far has left this process. */
  readonly flush: Effect.Effect<void, ConnectionError>
  /** Sends a ping of at most 125 bytes (RFC 6455 §5.5.2); succeeds when it has left this process. Fails where the transport cannot. */
  readonly ping: (payload: Uint8Array) => Effect.Effect<void, ConnectionError>
  /**
   * The same without an effect: calls back when the ping has left this process.
   * False, and nothing is sent, where the link is closing or has ended, or the
   * transport cannot.
   */
  readonly sendPing: (payload: Uint8Array, sent: () => void) => boolean
  /** Sends a pong that nobody asked for (RFC 6455 §5.5.3). False, and nothing is sent, as for `sendPing`. */
  readonly sendPong: (payload: Uint8Array) => boolean
  /** Calls the handler for every ping of the peer's, which is answered by itself; as `onPong`. Never where the transport does not see pings. */
  readonly onPing: (handler: (payload: Uint8Array) => void) => Effect.Effect<void, never, Scope.Scope>
  /** Calls the handler for every pong while the scope is open; the payload is its own during the call only. */
  readonly onPong: (handler: (payload: Uint8Array) => void) => Effect.Effect<void, never, Scope.Scope>
  /** Calls the handler for every message while the scope is open, beside the receiver. */
  readonly onMessage: (handler: (message: Message) => void) => Effect.Effect<void, never, Scope.Scope>
  /** Monotonic nanoseconds (Effect's Clock) at which something of any kind was last received; the opening at first. */
  readonly lastInbound: () => bigint
  /** The same for messages and the peer's pings only, not for pongs. */
  readonly lastData: () => bigint
  /** Whether we stopped reading. */
  readonly paused: () => boolean
  /** Sends Close once, with a reason cut to 123 bytes; a code that may not be sent becomes 1000. Never fails; does not wait. */
  readonly close: (code: number, reason: string) => Effect.Effect<void>
  /** Frees the descriptor now; where the link had not ended, it ends as `AbnormalClosure`. */
  readonly terminate: Effect.Effect<void>
  /** Frees the descriptor now; where the link had not ended, it ends with this error. */
  readonly abort: (error: ConnectionError) => Effect.Effect<void>
  /** Fails with the reason of the end, as soon as the link has ended. */
  readonly ended: Effect.Effect<never, ConnectionError>
  /** The reason of the end; undefined while the link lives. */
  readonly failure: () => ConnectionError | undefined
  /** Succeeds when the descriptor is free: the link may have ended long before. */
  readonly released: Effect.Effect<void>

  /** Takes over from `pull`, once: hands over what was buffered, in order, then calls for each message as it arrives. */
  readonly receive: (receiver: Receiver) => void
  /** Hands one message to the socket. False, and nothing is taken, where the link is closing or has ended. */
  readonly offer: (message: Message) => boolean
  /** Bytes that were taken but have not left this process; after the end, what had not left by then. */
  readonly buffered: () => number
  /** Succeeds when `buffered()` is at most `mark`; fails with the reason of the end. */
  readonly drained: (mark: number) => Effect.Effect<void, ConnectionError>
  /** Whether messages are still taken: open, no Close sent or received. */
  readonly writable: () => boolean
  /** Stops reading: no message, ping, pong, Close or end is seen until `resume`. Without effect where the transport cannot. */
  readonly pause: () => void
  /** Reads on. Without effect where nothing was paused. */
  readonly resume: () => void
  /**
   * Runs a task as soon as the socket's own callback has returned, where the
   * platform has a word for that; undefined where a reader is woken by the task
   * queue of its own fiber.
   */
  readonly afterCallback?: ((task: () => void) => void) | undefined
}
