import { describe, expect, it } from "vitest"
import { configFailure, formatPath } from "../../../src/cli/config/problem.ts"

describe("a problem", () => {
  it("names its path as people write it", () => {
    expect(formatPath(["connections", "feed", "to", 0, "path"])).toBe("connections.feed.to[0].path")
    expect(formatPath(["connections", "a b", "url"])).toBe(`connections["a b"].url`)
    expect(formatPath([])).toBe("")
  })

  it("stands on a line of its own, in the order of the file, once", () => {
    const lines: Record<string, number> = { a: 3, b: 1 }
    const failure = configFailure(
      "feeds.yaml",
      [{ path: ["a"], sentence: "is missing" }, { path: ["b"], sentence: "is unknown", key: true }, {
        path: ["a"],
        sentence: "is missing"
      }],
      ([name], key) => ({ line: lines[String(name)] ?? 0, column: key ? 1 : 4 })
    )
    expect(failure.exit).toBe("config")
    expect(failure.message).toBe("feeds.yaml:1:1: b is unknown\nfeeds.yaml:3:4: a is missing")
  })

  it("of the whole file names no path", () => {
    expect(configFailure("a.toml", [{ path: [], sentence: "is empty" }], () => undefined).message).toBe(
      "a.toml: is empty"
    )
  })
})
