/**
 * Holdfast on Node.
 */
export * as NodeConnection from "./NodeConnection.ts"
export * as NodeProtocol from "./NodeProtocol.ts"
export * as NodeTransport from "./NodeTransport.ts"
