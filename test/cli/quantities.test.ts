import { Duration, Option } from "effect"
import { describe, expect, it } from "vitest"
import { parseDuration, parseSize } from "../../src/cli/quantities.ts"

const millis = (text: string) => Option.getOrUndefined(Option.map(parseDuration(text), Duration.toMillis))

describe("durations", () => {
  it("have units as people write them", () => {
    expect(["250ms", "30s", "1.5m", "2min", "2h", "1d", "10 seconds", " 1s "].map(millis)).toEqual(
      [250, 30_000, 90_000, 120_000, 7_200_000, 86_400_000, 10_000, 1000]
    )
  })

  it("are seconds where there is no unit", () => {
    expect(["2", "0.5", "0"].map(millis)).toEqual([2000, 500, 0])
  })

  it("may be without an end", () => {
    expect(["forever", "-1", "Infinity"].map(millis)).toEqual([Infinity, Infinity, Infinity])
  })

  it("are nothing else", () => {
    expect(["", "soon", "5 parsecs", "-5s", "1m30", "-5 seconds"].map(millis)).toEqual(Array(6).fill(undefined))
  })
})

describe("sizes", () => {
  it("are bytes, with powers of two as units", () => {
    expect(
      ["65536", "64KiB", "64k", "64 kb", "16MiB", "1G", "1.5k"].map((text) => Option.getOrUndefined(parseSize(text)))
    )
      .toEqual([65_536, 65_536, 65_536, 65_536, 16_777_216, 1_073_741_824, 1536])
  })

  it("are nothing else", () => {
    expect(["", "big", "-1", "1.0001k", "5T"].map((text) => Option.getOrUndefined(parseSize(text))))
      .toEqual(Array(5).fill(undefined))
  })
})
