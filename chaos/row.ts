// What a row of the chaos is: something that is done to a connection, and what must come of it.
import { Data, Effect, type Scope } from "effect"
import { monitorEventLoopDelay } from "node:perf_hooks"
import type { Requirement } from "../test/setup/requirements.ts"
import { type Client, describe } from "./client.ts"

/** In milliseconds. */
export interface Times {
  /** From the fault to the end of the session. */
  readonly detected?: number | undefined
  /** From the end of the session to the next dial. */
  readonly redialled?: number | undefined
  /** From the end of the fault, or of the session where that was later, to the next open session. */
  readonly recovered?: number | undefined
}

export interface Seen extends Times {
  /** What was observed, in a few words. */
  readonly seen: string
}

/** Something that had to hold did not. */
export class Broken extends Data.TaggedError("Broken")<{ readonly problem: string }> {
  override get message(): string {
    return this.problem
  }
}

export interface Row {
  readonly id: string
  /** The scenario's letter and number, as in the list of scenarios. */
  readonly scenario: string
  /** What is done, and what must come of it: a sentence. */
  readonly title: string
  readonly needs: ReadonlyArray<Requirement>
  readonly run: Effect.Effect<Seen, unknown, Scope.Scope>
}

export const holds = (condition: boolean, problem: string): Effect.Effect<void, Broken> =>
  condition ? Effect.void : Effect.fail(new Broken({ problem }))

/** What a timer, and a busy machine, may take longer than it was told. */
export const slack = 1000

/** What a timer may take less. */
export const early = 25

/** From how many milliseconds on a timer is late, to a heartbeat with a timeout of 400 ms. */
const lateTimer = 100

export interface Fault<E, R> {
  readonly client: Client
  /** Begins it. */
  readonly begin: Effect.Effect<unknown, E, R>
  /** Ends it, once the loss was noticed. */
  readonly end?: Effect.Effect<unknown, E, R>
  /** A part of what the session must end with. */
  readonly reason: string
  /** The longest that may pass until that. */
  readonly within: number
}

/** A fault that a session does not survive: it is noticed in time, and a new session opens that carries messages. */
export const outage = <E, R>(fault: Fault<E, R>): Effect.Effect<Seen, Broken | E, R> =>
  Effect.gen(function*() {
    const { begin, client, end, reason, within } = fault
    const loop = monitorEventLoopDelay({ resolution: 10 })
    loop.enable()
    const begun = performance.now()
    yield* begin
    const lost = yield* client.first("Disconnected", begun)
    loop.disable()
    const dialled = yield* client.first("Dialling", lost.at)
    yield* end ?? Effect.void
    const healed = end === undefined ? lost.at : performance.now()
    const opened = yield* client.first("Opened", lost.at)
    yield* client.more(5)
    const detected = lost.at - begun
    const seen = describe(lost.event)
    yield* holds(seen.includes(reason), `the session ended with ${seen}, not ${reason}`)
    // Where this machine was so busy that a timer came late, the heartbeat asks once more before it judges.
    const busy = loop.max / 1e6 > lateTimer ? within : 0
    yield* holds(detected <= within + busy + slack, `noticed after ${detected.toFixed(0)} ms, more than ${within} ms`)
    return {
      seen,
      detected,
      redialled: dialled.at - lost.at,
      recovered: opened.at - Math.max(healed, lost.at)
    }
  })
