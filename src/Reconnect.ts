/**
 * When do we try again, and when do we stop?
 */
import * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import type * as Schedule from "effect/Schedule"
import type { ConnectionError } from "./ConnectionError.ts"
import type { Recovery } from "./Recovery.ts"

/**
 * **Service**: when do we try again, and when do we stop?
 */
export class Reconnect extends Context.Service<Reconnect, {
  /** May we, and not before when? */
  readonly classify: (error: ConnectionError) => Recovery
  /** At what pace, and how long? Started anew after a stable session. */
  readonly schedule: Schedule.Schedule<unknown, ConnectionError>
  /** How long a session must have been open to count as stable. */
  readonly resetAfter: Duration.Duration
}>()("holdfast/Reconnect") {}
