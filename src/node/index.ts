/**
 * Holdfast on Node.
 */
export * as NodeConnection from "./NodeConnection.ts"
export * as NodeTransport from "./NodeTransport.ts"
