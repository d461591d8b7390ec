import { describe, expect, it } from "vitest"
import {
  endingDetail,
  lineOf,
  nextDial,
  sentenceOf,
  shortSituation,
  situation
} from "../../../../src/cli/page/browser/words.ts"
import { events, happening, refused, reportOf } from "../../../support/fakeFleet.ts"

const since = "2026-01-01T00:00:00.000Z"
const now = Date.parse(since) + 65_000
const report = (about: Parameters<typeof reportOf>[1]) => reportOf("feed", { since, ...about })

describe("situation", () => {
  it("says what a connection does, and for how long", () => {
    const cases = [
      [report({ session: 4 }), "Session 4, open for 1 min 5 s"],
      [report({ state: "Connecting", attempt: 0 }), "Not used yet"],
      [report({ state: "Connecting", attempt: 1 }), "Dialling for 1 min 5 s"],
      [report({ state: "Connecting", attempt: 3 }), "Dialling for 1 min 5 s, attempt 3"],
      [report({ state: "Closing" }), "Closing for 1 min 5 s"],
      [
        report({ state: "Closed", gaveUp: false }),
        "Closed by us 1 min 5 s ago; it is not dialled until it is started again"
      ],
      [report({ state: "Closed", gaveUp: true }), "Gave up 1 min 5 s ago; it is not dialled any more"]
    ] as const
    for (const [about, text] of cases) expect(situation(about, now)).toBe(text)
    expect(situation(report({ paused: true }), now)).toContain("reading is paused")
  })

  it("counts down to the next dial, and never says 0 s before it is due", () => {
    const waiting = (left: number) =>
      report({ state: "Waiting", attempt: 2, nextDialAt: new Date(now + left).toISOString() })
    expect(situation(waiting(12_000), now)).toBe("Next dial in 12 s, attempt 2")
    expect(nextDial(waiting(1), now)).toBe("Next dial in 1 s")
    expect(nextDial(waiting(0), now)).toBe("Next dial now")
    expect(shortSituation(waiting(3000), now)).toBe("dials in 3 s")
    expect(shortSituation(report({}), now)).toBe("for 1 min")
  })
})

describe("an error's words", () => {
  it("do not say the address again that stands above them", () => {
    expect(sentenceOf("wss://a/b: the peer went away", "wss://a/b")).toBe("The peer went away")
    expect(sentenceOf("wss://a/c: the peer went away", "wss://a/b")).toBe("Wss://a/c: the peer went away")
  })

  it("say the reason, the code and who it was", () => {
    expect(endingDetail({ reason: "ServiceRestart", code: 1012, initiator: "peer" }))
      .toBe("ServiceRestart, code 1012, by the peer")
    expect(endingDetail({ reason: "ConnectFailed" })).toBe("ConnectFailed")
    expect(endingDetail({ reason: "NormalClosure", code: 1000, initiator: "self" })).toContain("by us")
  })
})

describe("lineOf", () => {
  const line = (event: Parameters<typeof happening>[0]) => lineOf(happening(event), now)

  it("says what happened, where it is worth a line", () => {
    expect(line(events.opened(1, 3))).toBe("Session 3 opened after 5 ms")
    expect(line(events.disconnected(1, 3))).toBe("Session 3 ended after 3 s")
    expect(line(events.attemptFailed(1))).toBe("An attempt failed")
    expect(line(events.closed(1))).toBe("Closed by us")
    expect(line(events.closed(1, refused()))).toBe("Gave up")
    expect([events.pong(1), events.dialling(1), events.waiting(1)].map(line)).toEqual([undefined, undefined, undefined])
  })

  it("says of an outage how long it has been tried", () => {
    const failed = happening(events.attemptFailed(now))
    expect(lineOf({ ...failed, times: 12, first: now } as typeof failed, now)).toMatch(
      /^12 attempts failed since \d\d:/
    )
  })

  it("says what was lost", () => {
    const dropped = { _tag: "Dropped", at: 1, direction: "inbound", reason: "unread" } as const
    expect(lineOf(dropped, now)).toBe("From here on inbound messages were dropped (unread)")
    const ended = happening(events.disconnected(1))
    expect(lineOf({ ...ended, unflushed: 2 } as typeof ended, now)).toContain("with 2 messages not sent")
  })
})
