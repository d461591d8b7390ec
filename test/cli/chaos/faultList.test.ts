import { describe, expect, it } from "vitest"
import type { Fault } from "../../../src/cli/chaos/Fault.ts"
import { FaultList } from "../../../src/cli/chaos/faultList.ts"

const make = (faults: ReadonlyArray<Fault>, random: () => number = () => 0) => {
  const list = new FaultList(random)
  list.add(faults)
  return list
}

const names = (list: FaultList) => {
  const { answer, session } = list.next()
  return [...answer, ...session].map(({ fault }) => fault)
}

describe("the list of faults", () => {
  it("spends a fault's times, one a dial", () => {
    const list = make([{ fault: "refuse", times: 2 }])
    expect([names(list), names(list), names(list)]).toEqual([["refuse"], ["refuse"], []])
    expect(list.left).toEqual([])
  })

  it("takes faults of one name in turn", () => {
    const list = make([{ fault: "close", code: 1000, times: 1 }, { fault: "close", code: 1012, times: 1 }])
    expect([list.next().session, list.next().session]).toMatchObject([[{ code: 1000 }], [{ code: 1012 }]])
  })

  it("keeps faults of a session for a dial that opens one", () => {
    const list = make([{ fault: "refuse", times: 1 }, { fault: "silence", times: 1 }])
    expect([names(list), names(list), names(list)]).toEqual([["refuse"], ["silence"], []])
  })

  it("has one answer for a dial, which may be late and slow as well", () => {
    const list = make([{ fault: "trickle" }, { fault: "wrong-accept", times: 1 }, { fault: "stall" }, {
      fault: "refuse"
    }])
    expect([names(list), names(list)]).toEqual([["trickle", "wrong-accept", "stall"], ["trickle", "stall", "refuse"]])
  })

  it("throws dice for those that have a probability, and for no others", () => {
    const dice = [0.9, 0.1]
    const list = make([{ fault: "silence", times: 1 }, { fault: "masked", probability: 0.5 }], () => dice.shift() ?? 1)
    expect([names(list), names(list)]).toEqual([["silence"], ["masked"]])
  })

  it("tells what is left, and forgets it when it is replaced", () => {
    const list = make([{ fault: "refuse", times: 3 }, { fault: "masked" }])
    list.next()
    expect(list.left).toEqual([{ fault: "refuse", times: 2 }, { fault: "masked" }])
    list.replace([{ fault: "stall" }])
    expect(list.left).toEqual([{ fault: "stall" }])
  })
})
