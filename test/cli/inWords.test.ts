import { describe, expect, it } from "vitest"
import { age, duration, plural, roundTrip } from "../../src/cli/inWords.ts"

describe("in words", () => {
  it("says durations with as much as matters", () => {
    const cases: ReadonlyArray<readonly [number, string]> = [
      [-5, "0 ms"],
      [0.4, "0 ms"],
      [350, "350 ms"],
      [1000, "1 s"],
      [4249, "4.2 s"],
      [9999, "10 s"],
      [59_700, "1 min"],
      [200_000, "3 min 20 s"],
      [3_600_000, "1 h"],
      [5 * 3_600_000 + 3 * 60_000, "5 h 3 min"],
      [(24 * 60 - 0.2) * 60_000, "1 d"],
      [52 * 3_600_000, "2 d 4 h"],
      [Infinity, "ever"]
    ]
    for (const [millis, text] of cases) expect(duration(millis)).toBe(text)
  })

  it("says ages in whole seconds, so that they do not flicker", () => {
    expect([undefined, 0, 999, 1000, 9949, 61_000].map(age)).toEqual(["–", "0 s", "0 s", "1 s", "9 s", "1 min 1 s"])
  })

  it("says round trips and counts", () => {
    expect([0.12, 9.96, 412.3, 1234].map(roundTrip)).toEqual(["0.1 ms", "10 ms", "412 ms", "1.2 s"])
    expect([0, 1, 2].map((value) => plural(value, "dial"))).toEqual(["0 dials", "1 dial", "2 dials"])
    expect(plural(2, "entry", "entries")).toBe("2 entries")
  })
})
