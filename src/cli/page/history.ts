/**
 * What is kept of each connection while nobody looks, so that a page opened
 * later has a timeline: little, and never more than so much.
 */
import type { Happening, Past } from "./happening.ts"

/** So many happenings are kept of each connection. */
export const keptHappenings = 60

/** So many round trips are kept of each connection. */
export const keptRoundTrips = 120

interface Kept {
  happenings: Array<Happening>
  /** Pairs of time and round trip; a ring, made with the first pong. */
  roundTrips: Float64Array | undefined
  roundTripsSeen: number
}

/** The past of every connection. */
export class History {
  private readonly kept = new Map<string, Kept>()
  private number = 0

  /** How many happenings there were. */
  get last(): number {
    return this.number
  }

  /** How many connections something is kept of. */
  get size(): number {
    return this.kept.size
  }

  /** Takes note, and gives the happening its number; none where it only goes on what was told before. */
  record(connection: string, happening: Happening): number | undefined {
    const kept = this.of(connection)
    switch (happening._tag) {
      case "PongReceived":
        keepRoundTrip(kept, happening.at, happening.rtt)
        break
      case "Dialling":
      case "WaitScheduled":
        // What an outage consists of is told by the attempts that failed.
        break
      case "Dropped":
        // There may be one for each message.
        if (isGoingOn(kept.happenings, happening)) return undefined
        keep(kept.happenings, happening)
        break
      case "AttemptFailed":
        if (!addToRow(kept.happenings, happening)) keep(kept.happenings, happening)
        break
      default:
        keep(kept.happenings, happening)
    }
    return ++this.number
  }

  /** Begins with what another has kept. */
  restore(connection: string, past: Past): void {
    const kept = this.of(connection)
    for (const happening of past.happenings) keep(kept.happenings, happening)
    for (const [at, rtt] of past.roundTrips) keepRoundTrip(kept, at, rtt)
  }

  /** The past of one connection. */
  past(connection: string): Past {
    const kept = this.kept.get(connection)
    return kept === undefined
      ? { happenings: [], roundTrips: [] }
      : { happenings: [...kept.happenings], roundTrips: roundTripsOf(kept) }
  }

  /** The past of these connections; of others nothing is kept any more. */
  pasts(connections: Iterable<string>): ReadonlyArray<readonly [connection: string, past: Past]> {
    const names = new Set(connections)
    this.forgetOthers(names)
    return [...names].flatMap((name) => this.kept.has(name) ? [[name, this.past(name)] as const] : [])
  }

  /** Keeps nothing of connections that are not among these. */
  forgetOthers(connections: ReadonlySet<string>): void {
    for (const name of this.kept.keys()) {
      if (!connections.has(name)) this.kept.delete(name)
    }
  }

  private of(connection: string): Kept {
    const known = this.kept.get(connection)
    if (known !== undefined) return known
    const kept: Kept = { happenings: [], roundTrips: undefined, roundTripsSeen: 0 }
    this.kept.set(connection, kept)
    return kept
  }
}

const keep = (happenings: Array<Happening>, happening: Happening): void => {
  happenings.push(happening)
  if (happenings.length > keptHappenings) happenings.shift()
}

/** Whether the same was dropped since the last session began or ended. */
const isGoingOn = (
  happenings: ReadonlyArray<Happening>,
  { direction, reason }: Extract<Happening, { readonly _tag: "Dropped" }>
): boolean => {
  for (const before of happenings.toReversed()) {
    if (before._tag !== "Dropped") return false
    if (before.direction === direction && before.reason === reason) return true
  }
  return false
}

/** A long outage is one entry, and does not drive out the sessions before it. */
const addToRow = (
  happenings: Array<Happening>,
  happening: Extract<Happening, { readonly _tag: "AttemptFailed" }>
): boolean => {
  const before = happenings.at(-1)
  if (before?._tag !== "AttemptFailed" || before.ending.message !== happening.ending.message) return false
  happenings[happenings.length - 1] = { ...happening, first: before.first, times: before.times + 1 }
  return true
}

const keepRoundTrip = (kept: Kept, at: number, rtt: number): void => {
  const ring = kept.roundTrips ??= new Float64Array(2 * keptRoundTrips)
  const place = 2 * (kept.roundTripsSeen % keptRoundTrips)
  ring[place] = at
  ring[place + 1] = rtt
  kept.roundTripsSeen++
}

const roundTripsOf = ({ roundTrips, roundTripsSeen }: Kept): Past["roundTrips"] => {
  if (roundTrips === undefined) return []
  const count = Math.min(roundTripsSeen, keptRoundTrips)
  return Array.from({ length: count }, (_, index) => {
    const place = 2 * ((roundTripsSeen - count + index) % keptRoundTrips)
    return [roundTrips[place] ?? 0, roundTrips[place + 1] ?? 0] as const
  })
}
