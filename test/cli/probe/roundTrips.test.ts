import { expect, it } from "vitest"
import { roundTrips } from "../../../src/cli/probe/roundTrips.ts"

it("round trips have a least, a middle, and nearly a worst", () => {
  const times = Array.from({ length: 200 }, (_, index) => 200 - index)
  expect(roundTrips(times)).toEqual({ min: 1, median: 100, p99: 198, max: 200 })
  expect(roundTrips([7])).toEqual({ min: 7, median: 7, p99: 7, max: 7 })
  expect(roundTrips([]).median).toBeNaN()
})
