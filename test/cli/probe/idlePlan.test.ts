import { describe, expect, it } from "vitest"
import {
  boundsOf,
  firstSilences,
  heartbeatFor,
  isSettled,
  nextSilences,
  type Outcome
} from "../../../src/cli/probe/idlePlan.ts"

/** What links tell of a limit that nobody speaks of, or that is told by a cut. */
const outcomes = (silences: ReadonlyArray<number>, limit: number, visible: boolean): ReadonlyArray<Outcome> =>
  silences.map((silence) => ({
    silence,
    fate: silence < limit
      ? { _tag: "Survived" }
      : visible
      ? { _tag: "Cut", after: limit, how: "reset" }
      : { _tag: "Dead" }
  }))

describe("the search for how long silence is survived", () => {
  it("begins with the longest and its halves", () => {
    expect(firstSilences(60_000, 4)).toEqual([7500, 15_000, 30_000, 60_000])
  })

  it.each([333, 60_000, 61_000, 299_000])("closes in on a limit of %i ms that nobody speaks of", (limit) => {
    const all = [...outcomes(firstSilences(300_000, 5), limit, false)]
    let rounds = 1
    while (!isSettled(boundsOf(all))) {
      all.push(...outcomes(nextSilences(boundsOf(all), 5), limit, false))
      rounds++
    }
    const { fatal = 0, survived } = boundsOf(all)
    expect(survived).toBeLessThanOrEqual(limit)
    expect(fatal).toBeGreaterThanOrEqual(limit)
    expect(fatal - survived).toBeLessThanOrEqual(0.1 * fatal)
    if (limit > 10_000) expect(rounds).toBeLessThanOrEqual(3)
  })

  it("is over at once where the limit is told by a cut", () => {
    const bounds = boundsOf(outcomes(firstSilences(300_000, 5), 60_000, true))
    expect(bounds).toEqual({ survived: 60_000, fatal: 60_000 })
    expect(isSettled(bounds)).toBe(true)
  })

  it("is over where everything was survived", () => {
    const bounds = boundsOf(outcomes(firstSilences(1000, 3), 2000, false))
    expect(bounds).toEqual({ survived: 1000, fatal: undefined })
    expect([isSettled(bounds), nextSilences(bounds, 3)]).toEqual([true, []])
  })
})

describe("the heartbeat that follows", () => {
  it.each([
    [60_000, 25_000],
    [600_000, 25_000],
    [30_000, 10_000],
    [10_000, 4000],
    [1000, 400],
    [90, 40]
  ])("from a limit of %i ms is %i ms", (limit, heartbeat) => {
    expect(heartbeatFor({ survived: limit, fatal: limit })).toBe(heartbeat)
  })

  it("is the usual one where there is no limit", () => {
    expect(heartbeatFor({ survived: 1000, fatal: undefined })).toBe(25_000)
  })
})
