import { badArgument, systemError } from "effect/PlatformError"
import { describe, expect, it } from "vitest"
import { systemCause } from "../../src/cli/systemCause.ts"

describe("what the system said", () => {
  it("is told as it was said, or as the library says it", () => {
    const at = { module: "FileSystem", method: "open" }
    const cause = new Error("ENOENT: no such file or directory, open 'x'")
    expect(systemCause(systemError({ _tag: "NotFound", ...at, cause }))).toBe(cause.message)
    expect(systemCause(badArgument({ ...at, description: "x" }))).toContain("x")
  })
})
