// What was chosen for each send, and for all: deadlines, keys and the rate, as the model sees when a frame is handed over.
import type { Simulation } from "../simulation.ts"
import type { Sent } from "../users.ts"
import type { Handed } from "../wire.ts"
import { must } from "./violation.ts"

/** Of the arithmetic of times. */
const rounding = 1e-3
/** By how much a timer may be late: it counts whole milliseconds. */
const granularity = 2

const perKey = "one waits for each key"

export class Delivery {
  private readonly simulation: Simulation
  private seen = 0
  /** The place of the last that was handed over. */
  private last = 0

  constructor(simulation: Simulation) {
    this.simulation = simulation
  }

  check(): void {
    const { client: { wire }, users } = this.simulation
    for (; this.seen < wire.frames.length; this.seen++) {
      const handed = wire.frames[this.seen]!
      this.checkRate(handed)
      if (handed.number !== undefined) this.handedOver(handed, users.sent[handed.number - 1]!)
    }
    for (const sent of users.sent) this.checkOutcome(sent)
    this.checkKeys()
  }

  private checkRate({ at }: Handed): void {
    const { client: { wire }, program: { options: { rateLimit } } } = this.simulation
    if (rateLimit === "none" || this.seen < rateLimit.limit) return
    const since = wire.frames[this.seen - rateLimit.limit]!.at
    must(
      at - since >= rateLimit.window - rounding,
      "no window above the limit",
      () => `${rateLimit.limit + 1} frames were handed over from ${since} to ${at}`
    )
  }

  private handedOver({ at }: Handed, sent: Sent): void {
    const { calledAt, chosen, former, number } = sent
    must(
      chosen.expireAfter === undefined || at <= calledAt + chosen.expireAfter + rounding,
      "nothing expired is sent",
      () => `#${number} was handed over at ${at}; it was called at ${calledAt}, to expire after ${chosen.expireAfter}`
    )
    if (former !== undefined) this.checkFormer(sent, former)
    const place = placesOf(sent).find((one) => one > this.last)
    must(place !== undefined, "sends keep their order", () => `#${number} was handed over after place ${this.last}`)
    this.last = place!
  }

  /** It was put in the place of the one before, which is never sent, and whose sender is told so. */
  private checkFormer(sent: Sent, former: Sent): void {
    const { wire } = this.simulation.client
    must(!wire.users.has(former.number), perKey, () => `#${former.number} and #${sent.number} were both handed over`)
    must(
      former.outcome !== undefined && (former.outcome !== "accepted" || !sent.isFormerSuspended),
      perKey,
      () => `#${sent.number} took the place of #${former.number}, whose sender was told: ${former.outcome}`
    )
  }

  private checkOutcome({ calledAt, cause, chosen, number, outcome, settledAt }: Sent): void {
    const { wasSuspended, world } = this.simulation
    const expiresAt = calledAt + (chosen.expireAfter ?? Infinity)
    must(
      outcome !== undefined || wasSuspended || world.now <= expiresAt + granularity,
      "every send has one outcome",
      () => `#${number} waits, though it has expired at ${expiresAt}`
    )
    must(
      cause !== "SendExpired" || settledAt! >= expiresAt - rounding,
      "every send has one outcome",
      () => `#${number} is said to have expired at ${settledAt}, and expires at ${expiresAt}`
    )
    must(
      cause !== "SendReplaced" || this.simulation.users.sent.some(({ former }) => former?.number === number),
      perKey,
      () => `#${number} is said to have been replaced, and was not`
    )
  }

  private checkKeys(): void {
    const waiting = new Map<string, number>()
    for (const { chosen: { replaceKey }, number, outcome } of this.simulation.users.sent) {
      if (replaceKey === undefined || outcome !== undefined) continue
      const other = waiting.get(replaceKey)
      must(other === undefined, perKey, () => `#${other} and #${number} both wait`)
      waiting.set(replaceKey, number)
    }
  }

  checkEnd(): void {
    const { client, users } = this.simulation
    const owned = new Map<string, number>()
    for (const { event } of client.events) {
      if (event._tag !== "Dropped" || event.direction !== "outbound") continue
      owned.set(event.reason, (owned.get(event.reason) ?? 0) + event.messages)
    }
    const kept = users.sent.filter(({ number, outcome }) => outcome === "accepted" && !client.wire.users.has(number))
    const said = [...owned.values()].reduce((sum, n) => sum + n, 0)
    must(
      said === kept.length || client.connection === undefined,
      "what is accepted arrives",
      () => `${kept.length} were accepted and never handed over; ${said} were said to be dropped`
    )
    const expiring = kept.filter(({ chosen }) => chosen.expireAfter !== undefined).length
    const keyed = kept.filter(({ chosen }) => chosen.replaceKey !== undefined).length
    must((owned.get("expired") ?? 0) <= expiring, "what is accepted arrives", () => "too many are said to have expired")
    must((owned.get("replaced") ?? 0) <= keyed, perKey, () => "too many are said to have been replaced")
  }
}

/** Where it may stand among all that waited: in the place of the one that it replaced, or in that of its call. */
const placesOf = (sent: Sent): ReadonlyArray<number> => {
  const { former, isFormerSure, number } = sent
  if (former === undefined) return [number]
  const replaced = former.cause === "SendReplaced" || former.outcome === "accepted"
  return isFormerSure && replaced ? placesOf(former) : [...placesOf(former), number]
}
