import { describe, expect, it } from "vitest"
import {
  age,
  bytes,
  count,
  duration,
  plural,
  rate,
  roughAge,
  roundTrip,
  time
} from "../../../../src/cli/page/browser/format.ts"

describe("format", () => {
  it("says durations with as much as matters", () => {
    const cases: ReadonlyArray<readonly [number, string]> = [
      [-5, "0 ms"],
      [0.4, "0 ms"],
      [350, "350 ms"],
      [4249, "4.2 s"],
      [9999, "10 s"],
      [59_700, "1 min"],
      [200_000, "3 min 20 s"],
      [3_600_000, "1 h"],
      [5 * 3_600_000 + 3 * 60_000, "5 h 3 min"],
      [(24 * 60 - 0.2) * 60_000, "1 d"],
      [52 * 3_600_000, "2 d 4 h"]
    ]
    for (const [millis, text] of cases) expect(duration(millis)).toBe(text)
  })

  it("says ages in whole seconds, so that they do not flicker", () => {
    expect([undefined, 0, 999, 1000, 9949, 61_000].map(age)).toEqual(["–", "0 s", "0 s", "1 s", "9 s", "1 min 1 s"])
    expect([0, 61_000, 3 * 3_600_000 + 60_000].map(roughAge)).toEqual(["0 s", "1 min", "3 h"])
  })

  it("says round trips, counts, bytes and rates so that they fit", () => {
    expect([0.12, 9.96, 412.3, 1234].map(roundTrip)).toEqual(["0.1 ms", "10 ms", "412 ms", "1.2 s"])
    expect([0, 999, 1000, 1234567].map(count)).toEqual(["0", "999", "1\u202f000", "1\u202f234\u202f567"])
    expect([0, 1023, 1024, 1024 * 1023.9, 5e9].map(bytes)).toEqual(["0 B", "1023 B", "1.0 KiB", "1.0 MiB", "4.7 GiB"])
    expect([0, 0.25, 9.96, 999.4, 999.6, 123_456].map(rate)).toEqual(["0", "0.3", "10", "999", "1.0k", "123k"])
    expect([1, 2].map((value) => plural(value, "dial"))).toEqual(["1 dial", "2 dials"])
  })

  it("says the date where it was another day", () => {
    const now = new Date(2026, 4, 3, 12, 0, 0).getTime()
    expect(time(new Date(2026, 4, 3, 9, 5, 1).getTime(), now)).toBe("09:05:01")
    expect(time(new Date(2026, 4, 2, 9, 5, 1).getTime(), now)).toBe("2 May 09:05:01")
  })
})
