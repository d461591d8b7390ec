import { afterEach, beforeEach, describe, expect, it, vi } from "vitest"

describe("requires", () => {
  beforeEach(() => vi.resetModules())
  afterEach(() => {
    vi.unstubAllEnvs()
    vi.restoreAllMocks()
  })

  it("tells once what is missing, and says that it is not there", async () => {
    vi.stubEnv("PATH", "/nowhere")
    vi.stubEnv("HOLDFAST_REQUIRE", "")
    const written = vi.spyOn(process.stderr, "write").mockReturnValue(true)
    const { requires } = await import("./requirements.ts")

    expect(requires("chromium")).toEqual({ available: false, path: undefined })
    expect(requires("chromium").available).toBe(false)
    expect(written.mock.calls.filter(([line]) => String(line).includes("no Chromium"))).toHaveLength(1)
  })

  it("fails with HOLDFAST_REQUIRE=all", async () => {
    vi.stubEnv("PATH", "/nowhere")
    vi.stubEnv("HOLDFAST_REQUIRE", "all")
    const { requires } = await import("./requirements.ts")

    expect(() => requires("openssl")).toThrow("HOLDFAST_REQUIRE=all, but openssl: no openssl on the PATH")
  })
})
