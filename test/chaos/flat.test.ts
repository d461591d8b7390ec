import { describe, expect, it } from "vitest"
import { judge, median, type Sample } from "../../chaos/soak/flat.ts"
import { seeded } from "../../chaos/soak/random.ts"

const mebibyte = 2 ** 20

const samples = (count: number, at: (index: number) => Partial<Sample>): ReadonlyArray<Sample> =>
  Array.from({ length: count }, (_, index) => ({
    heap: 40 * mebibyte,
    rss: 170 * mebibyte,
    descriptors: 30,
    fibers: 20,
    ...at(index)
  }))

const grown = (all: ReadonlyArray<Sample>): ReadonlyArray<string> =>
  judge(all).filter(({ flat }) => !flat).map(({ what }) => what)

describe("whether a soak stayed flat", () => {
  it("passes what only swings", () => {
    const random = seeded(1)
    const swinging = samples(200, () => ({
      heap: (40 + random.between(0, 8)) * mebibyte,
      descriptors: random.between(26, 36),
      fibers: random.between(15, 25)
    }))
    expect(judge(swinging)).toHaveLength(4)
    expect(grown(swinging)).toEqual([])
  })

  it.each<[what: keyof Sample, each: number, start: number]>([
    ["heap", 0.05 * mebibyte, 40 * mebibyte],
    ["rss", 0.4 * mebibyte, 170 * mebibyte],
    ["descriptors", 0.05, 30],
    ["fibers", 0.05, 20]
  ])("fails a %s that grows a little each time, and says by how much", (what, each, start) => {
    const growing = samples(200, (index) => ({ [what]: start + each * index }))
    expect(grown(growing)).toEqual([what])
    expect(judge(growing).find(({ flat }) => !flat)?.text).toMatch(
      /^\w+ [\d.]+.* in the first quarter, [\d.]+.* in the last$/
    )
  })

  it("leaves out the warm-up", () => {
    expect(grown(samples(100, (index) => ({ heap: (index < 10 ? 10 : 40) * mebibyte })))).toEqual([])
  })

  it("judges nothing by a handful of samples", () => {
    expect(judge(samples(4, () => ({})))).toEqual([])
  })

  it("takes the middle of two as the median of an even number", () => {
    expect([median([3, 1, 2]), median([4, 1, 3, 2])]).toEqual([2, 2.5])
  })
})

describe("seeded numbers", () => {
  it("are the same for the same seed, others for another, and within their bounds", () => {
    const draw = (seed: number) => {
      const random = seeded(seed)
      return Array.from({ length: 100 }, () => random.between(3, 9))
    }
    expect(draw(7)).toEqual(draw(7))
    expect(draw(7)).not.toEqual(draw(8))
    expect(new Set(draw(7))).toEqual(new Set([3, 4, 5, 6, 7, 8, 9]))
  })
})
