// What several rows expect of a client.
import { Effect } from "effect"
import type { Client } from "../client.ts"
import { type Broken, holds, type Seen } from "../row.ts"

export const list = (reasons: ReadonlyArray<string>): string => reasons.length === 0 ? "no loss" : reasons.join(", ")

/** These reasons ended attempts and sessions, in this order, and no other did. */
export const expectReasons = (client: Client, reasons: ReadonlyArray<string>): Effect.Effect<Seen, Broken> =>
  Effect.as(
    holds(String(client.reasons) === String(reasons), `expected ${list(reasons)}; got ${list(client.reasons)}`),
    { seen: list(reasons) }
  )

/** How often each reason was the reason. */
export const tally = (client: Client): string => {
  const counts = new Map<string, number>()
  for (const reason of client.reasons) counts.set(reason, (counts.get(reason) ?? 0) + 1)
  return [...counts].map(([reason, count]) => `${count} × ${reason}`).join(", ") || "no loss"
}
