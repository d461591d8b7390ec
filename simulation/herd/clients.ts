// The clients of a herd: when they dial after a failure.
import * as Schedule from "effect/Schedule"
import type { ConnectionError } from "../../src/ConnectionError.ts"
import type * as Reconnect from "../../src/Reconnect.ts"
import * as Recovery from "../../src/Recovery.ts"

export interface Kind {
  readonly name: string
  readonly reconnect: Reconnect.ReconnectOptions
}

/** Exponential backoff as it is often written: at once, then after 2, 4, 8, 16 and 30 seconds, whatever the server says. */
const withoutJitter: Kind = {
  name: "without jitter",
  reconnect: {
    schedule: Schedule.min([Schedule.exponential("1 second"), Schedule.spaced("30 seconds")]),
    classify: (error: ConnectionError) => Recovery.retry({ immediately: error.reason._tag === "AbnormalClosure" })
  }
}

export const kinds: ReadonlyArray<Kind> = [{ name: "Holdfast", reconnect: {} }, withoutJitter]
