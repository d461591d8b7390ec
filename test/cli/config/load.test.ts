import { it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { describe, expect } from "vitest"
import { load } from "../../../src/cli/config/load.ts"
import { type Around, layerFiles, loadText } from "../../support/configFiles.ts"

const toml = `
[defaults]
headers = { authorization = "Bearer \${TOKEN}", cookie = { file = "cookie" } }
[connections.feed]
url = "wss://feed.example/v2"
[connections.many]
url = "wss://feed.example/{n}"
count = 2
`
const around = (token: string, cookie: string): Around => ({
  environment: { TOKEN: token },
  files: { "/etc/holdfast/cookie": cookie }
})

describe("a config", () => {
  it.effect("says the same in TOML, YAML and JSON", () =>
    Effect.gen(function*() {
      const defaults = { timeout: "3 s" }
      const connections = { feed: { url: "ws://x", to: ["stdout"] } }
      const texts = {
        "a.toml": `[defaults]\ntimeout = "3 s"\n[connections.feed]\nurl = "ws://x"\nto = ["stdout"]`,
        "a.yaml": `defaults: { timeout: 3 s }\nconnections:\n  feed:\n    url: ws://x\n    to:\n      - stdout`,
        "a.json": JSON.stringify({ defaults, connections })
      }
      const prints = yield* Effect.forEach(
        Object.entries(texts),
        ([name, text]) => Effect.map(loadText(name, text), ({ plans }) => plans.map(({ fingerprint }) => fingerprint))
      )
      expect(prints[1]).toEqual(prints[0])
      expect(prints[2]).toEqual(prints[0])
    }))

  it.effect("is called as its file, unless it says otherwise", () =>
    Effect.gen(function*() {
      const { file, name } = yield* loadText("feeds.prod.toml", `[connections.a]\nurl = "ws://x"`)
      expect({ file, name }).toEqual({ file: "/etc/holdfast/feeds.prod.toml", name: "feeds.prod" })
      expect((yield* loadText("a.toml", `name = "feeds"\n[connections.a]\nurl = "ws://x"`)).name).toBe("feeds")
    }))

  it.effect("changes only the connections whose definition changed, secrets included", () =>
    Effect.gen(function*() {
      const prints = (text: string, secrets: Around) =>
        Effect.map(
          loadText("a.toml", text, secrets),
          ({ plans }) => Object.fromEntries(plans.map(({ fingerprint, name }) => [name, fingerprint]))
        )
      const before = yield* prints(toml, around("a", "b"))
      expect(Object.keys(before)).toEqual(["feed", "many-1", "many-2"])
      expect(yield* prints(toml, around("a", "b"))).toEqual(before)
      const other = yield* prints(toml.replace("{n}", "{n}?x"), around("a", "b"))
      expect(other["feed"]).toBe(before["feed"])
      expect(other["many-1"]).not.toBe(before["many-1"])
      expect((yield* prints(toml, around("A", "b")))["feed"]).not.toBe(before["feed"])
      expect((yield* prints(toml, around("a", "B")))["feed"]).not.toBe(before["feed"])
    }))

  it.effect("shows no secret, whoever prints it", () =>
    Effect.gen(function*() {
      const config = yield* loadText("a.toml", toml, around("t0ken", "c00kie"))
      expect(JSON.stringify(config)).not.toMatch(/t0ken|c00kie/)
    }))

  it.effect("that is not there is missed", () =>
    Effect.gen(function*() {
      const failure = yield* Effect.flip(load("/nowhere.toml")).pipe(Effect.provide(layerFiles({})))
      expect([failure.exit, failure.message]).toEqual(["config", "There is no file /nowhere.toml."])
    }))
})
