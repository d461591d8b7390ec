import { it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { describe, expect } from "vitest"
import { loadText, mistakes } from "../../support/configFiles.ts"

const load = (text: string) => Effect.map(loadText("a.toml", text), ({ plans }) => plans)

describe("names of sinks", () => {
  it.effect("lead to the same sink, unless its path has the connection's name", () =>
    Effect.gen(function*() {
      const [a, b] = yield* load(`
        [defaults]
        url = "ws://x"
        to = ["stdout", "all", "each"]
        [sinks.all]
        type = "file"
        path = "all.ndjson"
        [sinks.each]
        type = "file"
        path = "logs/{name}.ndjson"
        [connections.a]
        [connections.b]`)
      expect(a?.to.map(({ name }) => name)).toEqual(["stdout", "all", "each"])
      expect(a?.to.slice(0, 2).map(({ key }) => key)).toEqual(b?.to.slice(0, 2).map(({ key }) => key))
      expect([a?.to[2]?.sink, b?.to[2]?.sink]).toMatchObject([
        { path: "/etc/holdfast/logs/a.ndjson" },
        { path: "/etc/holdfast/logs/b.ndjson" }
      ])
      expect(a?.to[2]?.key).not.toBe(b?.to[2]?.key)
    }))

  it.effect("may be replaced by the sink itself, which people know by what it is", () =>
    Effect.gen(function*() {
      const [a] = yield* load(`
        [connections.a]
        url = "ws://x"
        to = [
          { type = "pipe", command = "jq --secret x" },
          { type = "command", command = ["notify", "x"] },
          { type = "http", url = "https://user:word@hooks.example/a?token=x" },
          { type = "connection", connection = "b" }
        ]
        from = ["stdin", { type = "fifo", path = "{name}.fifo" }, { type = "command", command = ["gen", "x"] }]
        [connections.b]
        url = "ws://x"`)
      expect(a?.to.map(({ name }) => name)).toEqual([
        "pipe jq",
        "command notify",
        "https://hooks.example/a?…",
        "connection b"
      ])
      expect(a?.from.map(({ name }) => name)).toEqual(["stdin", "/etc/holdfast/a.fifo", "command gen"])
    }))
})

describe("what only one can read", () => {
  it.effect("is read by one", () =>
    Effect.gen(function*() {
      expect(
        yield* mistakes(
          "a.toml",
          `
        [connections.a]
        url = "ws://x"
        count = 2
        from = ["stdin", { type = "fifo", path = "x.fifo" }]`
        )
      ).toEqual([
        "a.toml: connections.a.from[0] reads stdin, which another connection reads already; each line reaches one only",
        "a.toml: connections.a.from[1] reads x.fifo, which another connection reads already; each line reaches one only"
      ])
    }))
})
