import { describe, expect, it } from "vitest"
import { History, keptHappenings, keptRoundTrips } from "../../../src/cli/page/history.ts"
import { events, happening, lost, refused } from "../../support/fakeFleet.ts"

const of = (event: Parameters<typeof happening>[0]) => happening(event)

describe("History", () => {
  it("keeps the latest of each connection, and no more than so many", () => {
    const history = new History()
    for (let index = 0; index < 1000; index++) {
      history.record("feed", of(events.opened(2 * index, index)))
      history.record("feed", of(events.disconnected(2 * index + 1, index)))
      history.record("feed", of(events.pong(2 * index, index)))
    }
    const { happenings, roundTrips } = history.past("feed")
    expect(happenings).toHaveLength(keptHappenings)
    expect(happenings.at(-1)?.at).toBe(1999)
    expect(roundTrips).toHaveLength(keptRoundTrips)
    expect(roundTrips[0]).toEqual([2 * (1000 - keptRoundTrips), 1000 - keptRoundTrips])
    expect(roundTrips.at(-1)).toEqual([1998, 999])
    expect(history.last).toBe(3000)
  })

  it("keeps a long outage as one entry, so that it does not drive out the sessions before", () => {
    const history = new History()
    history.record("feed", of(events.opened(1)))
    history.record("feed", of(events.disconnected(2)))
    for (let attempt = 1; attempt <= 500; attempt++) {
      history.record("feed", of(events.dialling(attempt * 10, attempt)))
      history.record("feed", of(events.attemptFailed(attempt * 10, attempt, refused())))
      history.record("feed", of(events.waiting(attempt * 10)))
    }
    history.record("feed", of(events.attemptFailed(6000, 501, lost())))
    expect(history.past("feed").happenings).toMatchObject([
      { _tag: "Opened" },
      { _tag: "Disconnected" },
      { _tag: "AttemptFailed", first: 10, at: 5000, times: 500, attempt: 500 },
      { _tag: "AttemptFailed", first: 6000, times: 1 }
    ])
  })

  it("says once in each session that messages are dropped, though it be every one", () => {
    const history = new History()
    const numbers = [events.opened(1), events.dropped(2), events.dropped(3), events.disconnected(4), events.dropped(5)]
      .map((event) => history.record("feed", of(event)))
    expect(numbers).toEqual([1, 2, undefined, 3, 4])
    expect(history.past("feed").happenings.map(({ at }) => at)).toEqual([1, 2, 4, 5])
  })

  it("begins with what another has kept, and goes on as that one would", () => {
    const [one, other] = [new History(), new History()]
    for (let index = 0; index < 200; index++) {
      one.record("feed", of(events.attemptFailed(index, index)))
      one.record("feed", of(events.pong(index, index)))
    }
    other.restore("feed", one.past("feed"))
    for (const history of [one, other]) {
      history.record("feed", of(events.attemptFailed(300, 300)))
      history.record("feed", of(events.pong(300, 1)))
    }
    expect(other.past("feed")).toEqual(one.past("feed"))
  })

  it("forgets connections that are no more", () => {
    const history = new History()
    for (const name of ["a", "b", "__proto__"]) history.record(name, of(events.opened(1)))
    expect(history.pasts(["b", "__proto__", "c"]).map(([name]) => name)).toEqual(["b", "__proto__"])
    expect(history.size).toBe(2)
    expect(history.past("a")).toEqual({ happenings: [], roundTrips: [] })
  })
})
