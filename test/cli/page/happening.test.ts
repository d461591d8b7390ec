import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import { describe, expect, it } from "vitest"
import { endingOf } from "../../../src/cli/fleet/recorder.ts"
import { happeningOf } from "../../../src/cli/page/happening.ts"
import { events, lost, refused } from "../../support/fakeFleet.ts"

describe("happeningOf", () => {
  const of = (event: Parameters<typeof happeningOf>[0]) => happeningOf(event, endingOf)

  it("makes plain JSON of every event, in milliseconds", () => {
    const all = [
      events.dialling(1, 2),
      events.opened(2, 7),
      events.disconnected(3, 7, lost()),
      events.attemptFailed(4, 3, refused()),
      events.waiting(5, 1500),
      events.pong(6, 12),
      events.closed(7),
      events.closed(8, refused()),
      events.dropped(9)
    ] as const
    const told = all.map(of)
    expect(JSON.parse(JSON.stringify(told))).toEqual(told)
    expect(told.map((happening) => happening?.at)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9])
    expect(told[1]).toEqual({ _tag: "Opened", at: 2, session: 7, downtime: 5 })
    expect(told[2]).toMatchObject({ uptime: 3000, ending: { reason: "AbnormalClosure" } })
    expect(told[3]).toMatchObject({ first: 4, times: 1 })
    expect(told[6]).not.toHaveProperty("ending")
    expect(told[7]).toHaveProperty("ending")
  })

  it("says nothing of what may come with every message", () => {
    const paused = { _tag: "Paused", at: DateTime.makeUnsafe(9), session: 1 } as const
    const resumed = { ...paused, _tag: "Resumed", pausedFor: Duration.seconds(2) } as const
    expect([paused, resumed, events.dropped(1, "discard")].map(of)).toEqual([undefined, undefined, undefined])
  })

  it("cuts what a peer says at length", () => {
    const told = happeningOf(events.disconnected(1), (error, at) => ({
      ...endingOf(error, at),
      message: "x".repeat(5000)
    }))
    expect(told?._tag === "Disconnected" && told.ending.message.length).toBe(401)
  })
})
