/**
 * Dials a request into a scoped `Link`.
 */
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { ConnectionError } from "./ConnectionError.ts"
import type { HandshakeRequest, Verify } from "./Handshake.ts"
import type { Link } from "./Link.ts"

/** What a transport can do. */
export interface Capabilities {
  /** Protocol pings can be sent and pongs seen. */
  readonly ping: boolean
  /** Reading can be stopped. */
  readonly pause: boolean
  /** Headers of our own can be sent with the handshake. */
  readonly headers: boolean
  /** The status and headers of the server's answer are known. */
  readonly response: boolean
  /** The close codes that can be sent. */
  readonly closeCodes: "any" | "1000,3000-4999"
}

/** What a dial is doing, so that a deadline can say what it hit. */
export type DialPhase = "dns" | "tcp" | "tls" | "response"

/**
 * **Service**: dials a request into a scoped `Link`.
 */
export class Transport extends Context.Service<Transport, {
  readonly capabilities: Capabilities
  /** The extensions that every dial offers. */
  readonly extensions: ReadonlyArray<string>
  /**
   * Opens one WebSocket. Interrupting it, or closing the scope, frees the
   * descriptor; nothing of an abandoned dial is ever delivered. The deadline is
   * the caller's: `progress` is told which phase the dial has reached.
   */
  readonly dial: (
    request: HandshakeRequest,
    verify: Verify,
    progress?: (phase: DialPhase) => void
  ) => Effect.Effect<Link, ConnectionError, Scope.Scope>
}>()("holdfast/Transport") {}
