import { describe, expect, it } from "vitest"
import { openShare, percent, segmentsOf } from "../../../../src/cli/page/browser/timeline.ts"
import { events, happening, refused } from "../../../support/fakeFleet.ts"

const segments = (all: ReadonlyArray<Parameters<typeof happening>[0]>, now: number) =>
  segmentsOf(all.map((event) => happening(event)), now)
const shape = (all: Parameters<typeof segments>[0], now: number) =>
  segments(all, now).map(({ from, kind, session, to }) => `${kind}${session ?? ""} ${from}-${to}`)

describe("segmentsOf", () => {
  it("has sessions, and what was between them", () => {
    const all = [
      events.opened(1005, 1),
      events.disconnected(4000, 1),
      events.attemptFailed(4500, 1),
      events.attemptFailed(5500, 2),
      events.opened(6000, 2)
    ]
    expect(shape(all, 9000)).toEqual(["down 1000-1005", "open1 1005-4000", "down 4000-6000", "open2 6000-9000"])
    expect(segments(all, 9000)[1]?.ending?.reason).toBe("AbnormalClosure")
    expect(segments(all, 9000)[2]?.ending?.reason).toBe("ConnectFailed")
    expect(segments(all, 9000)[3]?.ending).toBeUndefined()
  })

  it("knows how long a session was whose beginning is not kept any more", () => {
    expect(shape([events.disconnected(5000, 8)], 6000)).toEqual(["open8 2000-5000", "down 5000-6000"])
  })

  it("tells an end of ours from giving up, and what comes after from both", () => {
    expect(shape([events.opened(10, 1), events.closed(20), events.opened(35, 2)], 40)).toEqual([
      "down 5-10",
      "open1 10-20",
      "closed 20-35",
      "open2 35-40"
    ])
    expect(shape([events.attemptFailed(10), events.closed(20, refused())], 40)).toEqual(["down 10-20", "gaveUp 20-40"])
  })

  it("has nothing of what is not known", () => {
    expect(segments([], 100)).toEqual([])
  })
})

describe("openShare", () => {
  it("is of the time that is known and looked at, without the time in which it was closed by hand", () => {
    const known = segments([events.opened(1000, 1), events.disconnected(4000), events.closed(5000)], 99_000)
    expect(openShare(known, 0)).toBeCloseTo(3000 / 4005)
    expect(openShare(known, 3000)).toBe(0.5)
    expect(openShare(known, 6000)).toBeUndefined()
    expect(openShare([], 0)).toBeUndefined()
  })
})

describe("percent", () => {
  it("is 100 only where it is the whole", () => {
    expect([1, 0.99999, 0.9956, 0.512, 0].map(percent)).toEqual(["100 %", "99.99 %", "99.5 %", "51 %", "0 %"])
  })
})
