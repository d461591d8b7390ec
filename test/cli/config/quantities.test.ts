import { describe, expect, it } from "vitest"
import { bytesOf, millisOf } from "../../../src/cli/config/quantities.ts"

describe("durations", () => {
  it.each([
    ["25 seconds", 25_000],
    ["25s", 25_000],
    ["500 ms", 500],
    ["1m 30s", 90_000],
    ["1.5 hours", 5_400_000],
    ["2 days", 172_800_000],
    ["1 Minute", 60_000]
  ])("takes %s", (text, millis) => {
    expect(millisOf(text)).toBe(millis)
  })

  it.each(["", "25", "0 s", "-1 s", "5 sec onds", "5 parsecs", "s", "5 s, 3 ms", "1e9 s"])("refuses %j", (text) => {
    expect(millisOf(text)).toBeUndefined()
  })
})

describe("sizes", () => {
  it.each([["256 KiB", 262_144], ["1 MB", 1_000_000], ["64MiB", 67_108_864], [512, 512], ["1.5 KiB", 1536]])(
    "takes %s",
    (size, bytes) => {
      expect(bytesOf(size)).toBe(bytes)
    }
  )

  it.each(["", "256", "0 KiB", "-1 KiB", "1 parsec", 0, -1, 1.5, Number.NaN])("refuses %j", (size) => {
    expect(bytesOf(size)).toBeUndefined()
  })
})
