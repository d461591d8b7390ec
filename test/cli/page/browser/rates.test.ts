import { describe, expect, it } from "vitest"
import { keptSeconds, Rates } from "../../../../src/cli/page/browser/rates.ts"
import { reportOf } from "../../../support/fakeFleet.ts"

const report = (messagesIn: number, messagesOut = 0) =>
  reportOf("feed", {
    received: { messages: messagesIn, bytes: messagesIn * 10 },
    sent: { messages: messagesOut, bytes: messagesOut * 100 }
  })

describe("Rates", () => {
  it("knows a rate from two moments on, by the time that passed between them", () => {
    const rates = new Rates()
    expect([rates.last(), rates.all()]).toEqual([undefined, []])
    rates.add(1000, report(5))
    expect([rates.last(), rates.all()]).toEqual([undefined, []])
    rates.add(3000, report(9, 1))
    expect(rates.last()).toEqual({ at: 3000, messagesIn: 2, messagesOut: 0.5, bytesIn: 20, bytesOut: 50 })
    rates.add(3000, report(100, 1))
    expect(rates.all()).toHaveLength(1)
  })

  it("keeps the last minutes", () => {
    const rates = new Rates()
    for (let second = 0; second < 3 * keptSeconds; second++) rates.add(second * 1000, report(second * second))
    const all = rates.all()
    expect(all).toHaveLength(keptSeconds)
    expect(all.at(-1)?.at).toBe((3 * keptSeconds - 1) * 1000)
    expect(all.map(({ messagesIn }) => messagesIn)).toEqual(all.map(({ at }) => 2 * (at / 1000) - 1))
  })

  it("begins anew where the counters fell: they are another process's", () => {
    const rates = new Rates()
    rates.add(1000, report(50))
    rates.add(2000, report(60))
    rates.add(3000, report(1))
    expect(rates.all()).toEqual([])
    rates.add(4000, report(3))
    expect(rates.all().map(({ messagesIn }) => messagesIn)).toEqual([2])
  })
})
