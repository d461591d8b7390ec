/**
 * MessagePack, on `msgpackr`.
 */
export * as Msgpack from "./Msgpack.ts"
