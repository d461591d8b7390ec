import * as Result from "effect/Result"
import { describe, expect, it } from "vitest"
import { parse } from "../../../src/cli/config/parse.ts"

const message = (file: string, text: string) =>
  Result.match(parse(file, text), {
    onFailure: (failure) => `${failure.message}${failure.advice === undefined ? "" : `\n${failure.advice}`}`,
    onSuccess: () => "no failure"
  })

describe("a config's text", () => {
  it.each([
    ["a.toml", `[connections.feed]\nurl = "ws://x"`],
    ["a.yaml", `connections:\n  feed:\n    url: ws://x`],
    ["a.YML", `connections: { feed: { url: "ws://x" } }`],
    ["a.json", `{ "connections": { "feed": { "url": "ws://x" } } }`]
  ])("is read by the ending of %s", (file, text) => {
    expect(JSON.stringify(Result.getOrThrow(parse(file, text)).value)).toBe(`{"connections":{"feed":{"url":"ws://x"}}}`)
  })

  it("names the line of a mistake in TOML, and shows it", () => {
    expect(message("a.toml", `a = 1\nurl = "ws://x\nb = 2`)).toBe(
      `a.toml:2:14: control characters are not allowed in strings.\n  2 | url = "ws://x\n    |              ^`
    )
  })

  it("names the line of a mistake in YAML, and shows it", () => {
    expect(message("a.yaml", `a: 1\nb: [1, 2\nc: 3`)).toBe(
      `a.yaml:3:1: Flow sequence in block collection must be sufficiently indented and end with a ].\n  3 | c: 3\n    | ^`
    )
  })

  it("names the line of a mistake in JSON, and shows it", () => {
    expect(message("a.json", `{\n  "a": 1,\n}`)).toBe(
      `a.json:3:1: Expected double-quoted property name.\n  3 | }\n    | ^`
    )
  })

  it("shows no secret in the line of a mistake, and points to the right place all the same", () => {
    expect(message("a.toml", `auth = "user:hunter2\nb = 2`)).toBe(
      `a.toml:1:21: control characters are not allowed in strings.\n` +
        `  1 | auth = "••••:•••••••\n` +
        `    |                     ^`
    )
    expect(message("a.yaml", `headers: { authorization: Bearer hunter2`)).not.toContain("hunter2")
    expect(message("a.json", `{ "token": "hunter2 }`)).not.toContain("hunter2")
    expect(message("a.toml", `url = "wss://me:hunter2@x\nb = 2`)).not.toContain("hunter2")
    expect(message("a.yaml", `a:\n  bearer: "hunter2`)).not.toContain("hunter2")
  })

  it("that contains itself is refused", () => {
    expect(message("a.yaml", `connections: &all\n  a: *all`)).toBe(
      "a.yaml: an alias (*) stands within what it stands for; that has no end."
    )
    expect(message("a.yaml", `a: &one { url: ws://x }\nb: *one\nc: [*one, *one]`)).toBe("no failure")
  })

  it("refuses what YAML takes and JSON does not", () => {
    expect(message("a.json", `{ a: 1 }`)).toContain("a.json:1:3: Expected property name or '}'")
  })

  it("refuses a key that is there twice", () => {
    expect(message("a.yaml", `a: 1\na: 2`)).toContain("a.yaml:2:1: Map keys must be unique")
    expect(message("a.toml", `a = 1\na = 2`)).toContain("a.toml:2:")
  })

  it("refuses aliases that multiply without end", () => {
    const bomb = `a: &a [x, x, x, x, x, x, x, x, x, x]\n` +
      ["b", "c", "d", "e", "f"].map((name, index) =>
        `${name}: &${name} [${Array.from({ length: 10 }, () => `*${"abcdef"[index]}`).join(", ")}]`
      ).join("\n")
    expect(message("a.yaml", bomb)).toContain("a.yaml: Excessive alias count")
  })

  it("refuses an ending that says nothing", () => {
    expect(message("feeds.ini", "")).toBe(
      "feeds.ini has an ending that says nothing of its format.\nName it .toml, .yaml, .yml or .json."
    )
  })

  it("cuts a long line down to what is around the mistake", () => {
    const shown = message("a.json", `{ "${"x".repeat(500)}": tru }`).split("\n")[1] ?? ""
    expect(shown.length).toBeLessThan(110)
    expect(shown).toContain("tru")
  })

  it("knows where values and keys of YAML and JSON stand", () => {
    const { locate } = Result.getOrThrow(parse("a.yaml", `a:\n  b: 1\n  c:\n    - x\n    - y: 2\n`))
    expect(locate(["a", "b"], false)).toEqual({ line: 2, column: 6 })
    expect(locate(["a", "b"], true)).toEqual({ line: 2, column: 3 })
    expect(locate(["a", "c", 1, "y"], false)).toEqual({ line: 5, column: 10 })
    expect(locate(["a", "missing"], false)).toEqual({ line: 1, column: 1 })
  })
})
