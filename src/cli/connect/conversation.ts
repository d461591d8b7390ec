/**
 * A connection that somebody talks over, and what else is known of it.
 */
import type * as Effect from "effect/Effect"
import type { ConnectionService } from "../../Connection.ts"
import type { CliFailure } from "../failure.ts"
import type { Receipts } from "./receipts.ts"
import type { Tools } from "./slash.ts"

/** What both ways of talking share. */
export interface Conversation {
  readonly connection: ConnectionService
  readonly receipts: Receipts
  /** Fails when something beside the connection does: the recording. */
  readonly broken: Effect.Effect<never, CliFailure>
  readonly tools: Tools
}
