/**
 * Holdfast: WebSocket client connections that stay up.
 */
export * as CloseCode from "./CloseCode.ts"
export * as Codec from "./Codec.ts"
export * as Connection from "./Connection.ts"
export * as ConnectionError from "./ConnectionError.ts"
export * as ConnectionEvent from "./ConnectionEvent.ts"
export * as ConnectionMetrics from "./ConnectionMetrics.ts"
export * as ConnectionStatus from "./ConnectionStatus.ts"
export * as Handshake from "./Handshake.ts"
export * as Heartbeat from "./Heartbeat.ts"
export * as Link from "./Link.ts"
export * as Protocol from "./Protocol.ts"
export * as Reconnect from "./Reconnect.ts"
export * as Recovery from "./Recovery.ts"
export * as Requests from "./Requests.ts"
export * as Subscriptions from "./Subscriptions.ts"
export * as Transport from "./Transport.ts"
