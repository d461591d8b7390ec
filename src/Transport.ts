/**
 * Dials a request into a scoped `Link`.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import * as Socket from "effect/socket/Socket"
import type { ConnectionError } from "./ConnectionError.ts"
import type { HandshakeRequest, Verify } from "./Handshake.ts"
import * as constructorTransport from "./internal/constructorTransport.ts"
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

/**
 * A transport over any `WebSocketConstructor` of Effect: browsers, Deno, Bun, and
 * Node's global `WebSocket`, by `Socket.layerWebSocketConstructorGlobal`.
 *
 * **Gotchas**
 *
 * It can do what a browser's `WebSocket` can, whatever the constructor given could
 * do beyond: no pings, no pausing, no headers of our own, and neither the status
 * nor the cause of a refused handshake, which is `ConnectFailed` with the code
 * `UNKNOWN`. Close codes other than 1000 and 3000–4999 are sent as 1000. A link
 * ends only when the platform says `close`, which waits for the end of TCP.
 * `terminate` ends the link at once, but the descriptor is freed when the platform
 * has finished closing. `drained` looks every 20 ms.
 */
export const layerWebSocketConstructor: Layer.Layer<Transport, never, Socket.WebSocketConstructor> = Layer.effect(
  Transport,
  Effect.map(Socket.WebSocketConstructor, constructorTransport.make)
)
