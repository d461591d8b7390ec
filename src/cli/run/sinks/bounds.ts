/**
 * How many messages wait for a sink, and what becomes of more.
 */
import { bytesOf } from "../../config/quantities.ts"
import type { Sink } from "../../config/schema.ts"
import type { QueuedSinkOptions } from "../queuedSink.ts"

/** What the config says of it, and what it does not. */
export const waiting = (
  sink: Pick<Sink, "queue" | "queueSize" | "onFull">
): Pick<QueuedSinkOptions, "bounds" | "onFull"> => ({
  bounds: {
    messages: sink.queue ?? 1000,
    bytes: sink.queueSize === undefined ? 16 * 1024 * 1024 : bytesOf(sink.queueSize) ?? 0
  },
  onFull: sink.onFull ?? "backpressure"
})
