/**
 * Is this link alive?
 */
import * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import type * as Effect from "effect/Effect"
import type { ConnectionError } from "./ConnectionError.ts"
import type { Link } from "./Link.ts"

/** What a heartbeat may tell of a link. */
export interface GuardContext {
  /** Called with the round trip of every answered ping. */
  readonly onRtt: (rtt: Duration.Duration) => void
  /** Which dial made this link, for the error. */
  readonly attempt: number
}

/**
 * **Service**: is this link alive?
 */
export class Heartbeat extends Context.Service<Heartbeat, {
  /**
   * Watches a link; fails with the reason for which it is dead, having
   * terminated it, and never succeeds. Run in the session's scope and raced with
   * the session.
   */
  readonly guard: (link: Link, context?: GuardContext) => Effect.Effect<never, ConnectionError>
  /** Whether it needs a transport that can send pings; false where not said. */
  readonly needsPing?: boolean | undefined
}>()("holdfast/Heartbeat") {}
