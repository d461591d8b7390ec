// A feed of numbers that goes on whether or not anybody listens, and the books about it: which number was sent to
// which session, and which arrived.
import { Effect } from "effect"
import type { MisbehavingServer } from "../../src/cli/chaos/misbehavingServer.ts"

/** Numbers in a row that share a fate. */
export interface Missing {
  readonly first: number
  readonly last: number
  /** The session that took them along; none was open where undefined. */
  readonly session: number | undefined
}

export class Feed {
  private readonly server: MisbehavingServer
  /** By number, to which sessions it was sent. */
  private readonly sentTo: Array<ReadonlyArray<number>> = [[]]
  private readonly arrived = new Set<number>()
  private latest = 0
  readonly twice: Array<number> = []
  readonly outOfOrder: Array<number> = []

  constructor(server: MisbehavingServer) {
    this.server = server
  }

  /** The number of numbers that were sent. */
  get published(): number {
    return this.sentTo.length - 1
  }

  get received(): number {
    return this.arrived.size
  }

  // ---------------------------------------------------------------------------
  // the server's side
  // ---------------------------------------------------------------------------

  /** Sends the next numbers at once; `width` pads each message to so many bytes. */
  publish(count: number, width = 0): Effect.Effect<void> {
    return Effect.suspend(() => {
      const messages = Array.from({ length: count }, (_, index) => String(this.published + 1 + index).padEnd(width))
      return Effect.map(this.server.send(messages), (sessions) => {
        for (let index = 0; index < count; index++) this.sentTo.push(sessions)
      })
    })
  }

  /** Sends all but the last byte of the next number, and pulls the plug. */
  get publishBroken(): Effect.Effect<void> {
    return Effect.suspend(() =>
      Effect.map(this.server.befall({ fault: "drop", message: String(this.published + 1) }), (sessions) => {
        this.sentTo.push(sessions)
      })
    )
  }

  /** Ten numbers, then a pause in which there is something for the heartbeat to do; for ever. */
  get rhythm(): Effect.Effect<never> {
    const one = Effect.andThen(this.publish(1), Effect.sleep("50 millis"))
    return one.pipe(Effect.repeat({ times: 9 }), Effect.andThen(Effect.sleep("1500 millis")), Effect.forever)
  }

  // ---------------------------------------------------------------------------
  // the client's side
  // ---------------------------------------------------------------------------

  /** Books a number that was handed out. */
  receive(number: number): void {
    if (this.arrived.has(number)) this.twice.push(number)
    else if (number < this.latest) this.outOfOrder.push(number)
    this.arrived.add(number)
    this.latest = Math.max(this.latest, number)
  }

  /** Whether all of these arrived. */
  has(first: number, last: number): boolean {
    for (let number = first; number <= last; number++) {
      if (!this.arrived.has(number)) return false
    }
    return true
  }

  /** What never arrived, in runs, and why. */
  get missing(): ReadonlyArray<Missing> {
    const runs: Array<Missing> = []
    for (let number = 1; number <= this.published; number++) {
      if (this.arrived.has(number)) continue
      const session = this.sentTo[number]?.at(-1)
      const run = runs.at(-1)
      if (run?.last === number - 1 && run.session === session) runs[runs.length - 1] = { ...run, last: number }
      else runs.push({ first: number, last: number, session })
    }
    return runs
  }

  /** What never arrived although it was sent to a session that is none of these. */
  unexplained(broken: ReadonlySet<number>): ReadonlyArray<number> {
    return this.missing.flatMap(({ first, session }) => session === undefined || broken.has(session) ? [] : [first])
  }
}

/** `#3`, or `#3–#7`. */
export const range = (first: number, last: number): string => first === last ? `#${first}` : `#${first}–#${last}`
