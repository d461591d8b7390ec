/**
 * A server under a test's control: how it answers dials, and what it does with
 * each connection it accepted.
 */
import type * as Duration from "effect/Duration"
import type * as Effect from "effect/Effect"
import type * as Headers from "effect/http/Headers"
import type { HandshakeRequest } from "../Handshake.ts"
import type { Message } from "../Link.ts"

/** One dial, however it ended. */
export interface Dial {
  /** When it came, in milliseconds of Effect's Clock. */
  readonly at: number
  /** What the client asked for. May hold secrets of the test's. */
  readonly request: HandshakeRequest
}

/** The ways in which a dial can be answered. */
export interface Answers {
  /**
   * With a legal 101. Where subprotocols were offered, the server names
   * `subprotocol`: by default the first that was offered, none at all if it is
   * the empty string.
   */
  readonly accept: (options?: {
    readonly subprotocol?: string | undefined
    readonly headers?: Headers.Input | undefined
  }) => Effect.Effect<void>
  /** With another status than 101. */
  readonly reject: (
    status: number,
    options?: { readonly headers?: Headers.Input | undefined; readonly body?: string | undefined }
  ) => Effect.Effect<void>
  /** Not at all: name lookup, TCP or TLS fails with this code, such as `ECONNREFUSED`. */
  readonly refuse: (code: string) => Effect.Effect<void>
  /** Never: the dial waits for a response until somebody loses patience. */
  readonly stall: Effect.Effect<void>
  /** With an answer that fails exactly this check of `Handshake.verify`. */
  readonly invalid: (check: string) => Effect.Effect<void>
}

/**
 * A server under a test's control. It accepts every dial until told otherwise;
 * what it is told holds from the next dial on.
 */
export interface TestServer extends Answers {
  /** The same for one dial only; several are queued. */
  readonly next: Answers
  /** The next accepted peer, in the order of acceptance; waits for it. */
  readonly peer: Effect.Effect<TestPeer>
  /** Every dial so far, the refused ones too. */
  readonly dials: Effect.Effect<ReadonlyArray<Dial>>
  /** How many descriptors the clients hold: dials under way and links that were not released. */
  readonly openLinks: Effect.Effect<number>
}

/**
 * The server's end of one accepted connection.
 *
 * **Gotchas**
 *
 * Its effects return when the network has what they sent, not when the
 * application has taken it, so that several can go out in one turn. Wait for
 * something observable (`receive`, a status, a message) before you assert, or
 * yield a few times.
 */
export interface TestPeer {
  /** Sends a message; after our Close, or when the connection is gone, nothing. */
  readonly send: (message: Message) => Effect.Effect<void>
  /** Sends a ping, each with a payload of its own. */
  readonly ping: Effect.Effect<void>
  /** The next message that the client sent, in order; waits for it. Each is taken once. */
  readonly receive: Effect.Effect<Message>
  /** All messages so far, taken or not. */
  readonly received: Effect.Effect<ReadonlyArray<Message>>
  /** The payloads of all pongs so far. */
  readonly pongs: Effect.Effect<ReadonlyArray<Uint8Array>>
  /**
   * Sends Close. Illegal codes go out as they are; 1005 stands for a Close frame
   * without a code.
   */
  readonly close: (code: number, reason?: string) => Effect.Effect<void>
  /** Cuts the connection without a Close frame. What was sent before still arrives. */
  readonly drop: Effect.Effect<void>
  /**
   * Loses everything, the end of the connection too, without telling anybody:
   * `inbound` what the client should receive, `outbound` what the client sends.
   * What is not named stays as it was; false ends it.
   */
  readonly blackhole: (options: {
    readonly inbound?: boolean | undefined
    readonly outbound?: boolean | undefined
  }) => Effect.Effect<void>
  /** Delays what is sent from now on, either way, by this much. Order is kept. */
  readonly latency: (duration: Duration.Input) => Effect.Effect<void>
  /** Stops reading: what the client sends piles up in its own buffers. */
  readonly pauseReading: Effect.Effect<void>
  /** Reads on; what piled up arrives. */
  readonly resumeReading: Effect.Effect<void>
  /**
   * Waits for the Close frame that the client sends, be it an answer to ours;
   * `{ code: 1006, reason: "" }` where the connection ended without one.
   */
  readonly closed: Effect.Effect<{ readonly code: number; readonly reason: string }>
}
