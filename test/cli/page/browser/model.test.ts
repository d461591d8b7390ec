import { describe, expect, it } from "vitest"
import { conditionOf, lastErrors, Model } from "../../../../src/cli/page/browser/model.ts"
import type { Happening } from "../../../../src/cli/page/happening.ts"
import { events, happening, lost, refused, reportOf } from "../../../support/fakeFleet.ts"

const of = (event: Parameters<typeof happening>[0]): Happening => happening(event)
const hello = (names: ReadonlyArray<string>, last = 0) => ({
  version: "1",
  at: 5000,
  reports: names.map((name) => reportOf(name)),
  pasts: [["a", { happenings: [of(events.opened(1))], roundTrips: [[1, 2] as const] }] as const],
  last,
  session: true
})

describe("Model", () => {
  it("goes by the server's clock", () => {
    const model = new Model()
    model.hello(hello(["a"]), 105_000)
    expect(model.serverTime(106_000)).toBe(6000)
  })

  it("takes what happens after what it was told, and notices a gap", () => {
    const model = new Model()
    model.hello(hello(["a"], 7), 0)
    const happened = (number: number) =>
      model.happened({ number, connection: "a", happening: of(events.disconnected(number)) })
    expect([happened(6), happened(7)]).toEqual([true, true])
    expect(model.past("a").happenings).toHaveLength(1)
    expect(happened(8)).toBe(true)
    expect(model.past("a").happenings).toHaveLength(2)
    expect(happened(10)).toBe(false)
    model.hello(hello(["a"], 10), 0)
    expect(happened(11)).toBe(true)
  })

  it("forgets what is not reported any more", () => {
    const model = new Model()
    model.hello(hello(["a", "b"]), 0)
    model.tick({ at: 6000, reports: [reportOf("a"), reportOf("b")] }, 1000)
    expect(model.throughput("b")).toHaveLength(1)
    model.tick({ at: 7000, reports: [reportOf("a")] }, 2000)
    expect([model.report("b"), model.throughput("b"), model.rate("b")]).toEqual([undefined, [], undefined])
    expect(model.rate("a")).toMatchObject({ messagesIn: 0 })
  })
})

describe("conditionOf", () => {
  it("tells a connection that gave up from one that we closed", () => {
    expect(conditionOf(reportOf("a", { state: "Closed", gaveUp: true }))).toBe("GaveUp")
    expect(conditionOf(reportOf("a", { state: "Closed", gaveUp: false }))).toBe("Closed")
    expect(conditionOf(reportOf("a", { state: "Waiting" }))).toBe("Waiting")
  })
})

describe("lastErrors", () => {
  it("says each sentence once, the latest first", () => {
    const happenings = [
      of(events.disconnected(1, 1, lost())),
      { ...of(events.attemptFailed(2, 1, refused())), times: 3 } as Happening,
      of(events.opened(3)),
      of(events.disconnected(4, 2, lost())),
      of(events.attemptFailed(5, 1, refused())),
      of(events.disconnected(6, 3, lost())),
      of(events.closed(7, lost()))
    ]
    expect(lastErrors(happenings).map(({ at, reason, times }) => ({ at, reason, times }))).toEqual([
      { at: 6, reason: "AbnormalClosure", times: 3 },
      { at: 5, reason: "ConnectFailed", times: 4 }
    ])
  })
})
