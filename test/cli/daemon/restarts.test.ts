import { describe, expect, it } from "vitest"
import { Restarts } from "../../../src/cli/daemon/restarts.ts"

const limits = { limit: 3, within: 60_000, first: 500, cap: 1500 }

describe("restarts", () => {
  it("wait longer each time, up to a cap, and end at the limit", () => {
    const restarts = new Restarts(limits)
    expect([0, 1000, 3000, 5000].map((now) => restarts.crashed(now, 100))).toEqual([500, 1000, 1500, undefined])
    expect(restarts.count).toBe(3)
  })

  it("forget what was long ago", () => {
    const restarts = new Restarts(limits)
    for (const now of [0, 1000, 3000]) restarts.crashed(now, 100)
    expect(restarts.crashed(62_000, 59_000)).toBe(1500)
    expect(restarts.crashed(200_000, 138_000)).toBe(500)
    expect(restarts.count).toBe(5)
  })

  it("may be none at all", () => {
    expect(new Restarts({ ...limits, limit: 0 }).crashed(0, 1_000_000)).toBeUndefined()
  })
})
