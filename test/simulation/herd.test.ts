import { describe, expect, it } from "vitest"
import { kinds } from "../../simulation/herd/clients.ts"
import { figuresOf, rates } from "../../simulation/herd/figures.ts"
import { outage } from "../../simulation/herd/outage.ts"

describe("a herd", () => {
  const clients = 100

  it("that backs off with jitter comes back one by one, and each of it", () => {
    const result = outage(kinds[0]!, clients, 1)
    const figures = figuresOf(result)
    expect(result.back).toBe(clients)
    expect(result.first).toHaveLength(clients)
    expect(Math.max(...result.first)).toBeLessThan(5)
    expect(figures.openPeak).toBeLessThan(clients)
  }, 120_000)

  it("without jitter dials in one moment", () => {
    const figures = figuresOf(outage(kinds[1]!, clients, 1))
    expect(figures.peak).toBe(clients * 4)
    expect(figures.openPeak).toBe(clients * 4)
  }, 120_000)
})

describe("the rates of dials", () => {
  it("are told a quarter of a second at a time", () => {
    expect(rates([0, 0.1, 0.25, 0.9, 1], 0, 1)).toEqual([8, 4, 0, 4])
  })
})
