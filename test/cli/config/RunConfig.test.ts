import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import * as NodePath from "@effect/platform-node/NodePath"
import { it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { readdirSync, readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { describe, expect } from "vitest"
import { load } from "../../../src/cli/config/load.ts"
import { ConfigFile } from "../../../src/cli/config/schema.ts"
import { loadText } from "../../support/configFiles.ts"

const examples = fileURLToPath(new URL("../../../examples/configs/", import.meta.url))
const page = (name: string) => readFileSync(new URL(`../../../docs/${name}.md`, import.meta.url), "utf8")
const reference = page("reference/config")

describe("the example configs", () => {
  it.live.each(readdirSync(examples))("%s is right", (file) =>
    Effect.gen(function*() {
      const config = yield* load(`${examples}${file}`)
      expect(config.name).toBe(file.replace(/\..*$/, ""))
      expect(config.plans.length).toBeGreaterThan(0)
    }).pipe(Effect.provide(Layer.merge(NodeFileSystem.layer, NodePath.layer))))
})

describe("the docs", () => {
  const blocks = [...`${reference}${page("how-to/keep-connections-alive")}`.matchAll(/```(toml|yaml|json)\n(.*?)```/gs)]
    .map(([, ending, text], index) => [`block ${index + 1}.${ending}`, String(text)] as const)

  it.effect.each(blocks)("have a config that is right: %s", ([name, text]) =>
    Effect.gen(function*() {
      const { plans } = yield* loadText(name, text, {
        environment: { TOKEN: "x" },
        files: {
          "/run/secrets/feed-token": "x",
          "/etc/ssl/feed-ca.pem": readFileSync(new URL("../../support/tls/cert.pem", import.meta.url), "utf8")
        }
      })
      expect(plans.length).toBeGreaterThan(0)
    }))

  it("have every key", () => {
    const missing = keysOf(ConfigFile.ast).filter((key) => !new RegExp(`\\b${key}\\b`).test(reference))
    expect(missing).toEqual([])
  })
})

/** Every name of a key, however deep. */
const keysOf = (ast: unknown, seen = new Set<unknown>()): ReadonlyArray<string> => {
  if (typeof ast !== "object" || ast === null || seen.has(ast)) return []
  seen.add(ast)
  const own = "_tag" in ast && ast._tag === "Objects" && "propertySignatures" in ast
    ? (ast.propertySignatures as ReadonlyArray<{ readonly name: string }>).map(({ name }) => name)
    : []
  const inner = ["propertySignatures", "indexSignatures", "types", "elements", "rest", "type"].flatMap((part) =>
    keysOf((ast as Record<string, unknown>)[part], seen)
  )
  const items = Array.isArray(ast) ? ast.flatMap((item) => keysOf(item, seen)) : []
  return [...new Set([...own, ...inner, ...items])]
}
