/** A durable outbox: what is sent survives a crash, until the peer has acknowledged it. */
export * as Outbox from "./Outbox.ts"
export * as OutboxStore from "./OutboxStore.ts"
