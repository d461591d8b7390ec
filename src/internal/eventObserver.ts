/**
 * Who is called with every event of the connections that are made around it:
 * for a process that holds thousands and follows them all, where a stream and a
 * fiber each would cost more than the connections.
 */
import * as Context from "effect/Context"
import type { ConnectionEvent } from "../ConnectionEvent.ts"

/** Called in the connection's own fiber, in order; it must not throw. Not called inside a socket's callback. */
export const EventObserver: Context.Reference<((event: ConnectionEvent) => void) | undefined> = Context.Reference(
  "holdfast/internal/EventObserver",
  { defaultValue: (): ((event: ConnectionEvent) => void) | undefined => undefined }
)
