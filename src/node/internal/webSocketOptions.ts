/**
 * What `ws` is told to send one opening handshake.
 */
import type { Agent } from "node:http"
import type * as net from "node:net"
import type WebSocket from "ws"
import type { ConnectOptions } from "./connectSocket.ts"
import type { Opening } from "./openingHandshake.ts"

/** Far beyond any bound of ours: closing the scope ends the wait for a peer that does not close TCP. */
const closeTimeout = 300_000

/** What `ws` is told for one target. */
export const clientOptions = (
  { config, target, tunnel }: Pick<Opening, "config" | "target" | "tunnel">,
  secure: boolean,
  finishRequest: WebSocket.FinishRequestCallback,
  createConnection: (options: ConnectOptions) => net.Socket
): WebSocket.ClientOptions => {
  const agent: Agent | undefined = tunnel?.agent ?? config.agent
  const options = {
    ...config.ws,
    ...(secure ? config.tls : undefined),
    headers: target.subprotocols.length === 0
      ? { ...target.headers }
      : { ...target.headers, "Sec-WebSocket-Protocol": target.subprotocols.join(",") },
    closeTimeout,
    // Ours is the check; see `utf8.ts`.
    skipUTF8Validation: true,
    finishRequest,
    createConnection,
    agent,
    // For agents that ask; see `loadProxyAgent`.
    secureEndpoint: secure
  }
  return options as unknown as WebSocket.ClientOptions
}
