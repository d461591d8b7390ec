import { describe, expect, it } from "vitest"
import { nearest, suggest } from "../../../src/cli/config/suggestion.ts"

const names = ["heartbeat", "headers", "url", "to"]

describe("what was meant", () => {
  it.each([["hartbeat", "heartbeat"], ["haeders", "headers"], ["URL", "url"], ["ur", "url"], ["of", "to"]])(
    "is near to %s",
    (written, meant) => {
      expect(nearest(written, meant === "to" ? ["to"] : names)).toBe(meant === "to" ? undefined : meant)
    }
  )

  it("is nothing where nothing is near", () => {
    expect(nearest("colour", names)).toBeUndefined()
    expect(nearest("c", ["a", "b"])).toBeUndefined()
    expect(nearest("x", [])).toBeUndefined()
  })

  it("is told, or what there is", () => {
    expect(suggest("archve", ["stdout", "archive"])).toBe(`did you mean "archive"?`)
    expect(suggest("x", ["stdout", "archive"])).toBe("there are: stdout, archive")
    expect(suggest("x", [])).toBe("there is none")
  })
})
