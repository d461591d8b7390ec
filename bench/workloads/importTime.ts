import { mkdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { pathToFileURL } from "node:url"
import type { Workload } from "../types.ts"
import { importsOf, root } from "./distImports.ts"

const needed = "ws and the Effect modules that it uses"

/** A module that imports so many others: it stands where their names can be resolved. */
const moduleOf = (specifiers: ReadonlyArray<string>): string => {
  const folder = join(root, "node_modules", ".cache", "holdfast")
  mkdirSync(folder, { recursive: true })
  const file = join(folder, "imports.mjs")
  writeFileSync(file, specifiers.map((specifier) => `import "${specifier}"\n`).join(""))
  return pathToFileURL(file).href
}

const specifierOf = (contender: string): string => {
  switch (contender) {
    case needed:
      return moduleOf(importsOf("node/index.js"))
    default:
      return contender
  }
}

export const importTime: Workload = {
  id: "import-time",
  title: "Import of `holdfast/node`",
  detail: "In a fresh process, without a compile cache. The modules are those that `dist/` imports, deep.",
  contenders: [needed, "holdfast/node", "ws", "effect"],
  baseline: needed,
  metrics: { time: { title: "time", unit: "ms", better: "lower", ratio: true } },
  goals: [{ contender: "holdfast/node", metric: "time", of: "ratio", atMost: 1.25 }],
  ahead: undefined,
  rounds: (asked) => 2 * asked,
  server: false,
  pinned: false,
  measure: async ({ contender }) => {
    const specifier = specifierOf(contender)
    const begun = performance.now()
    await import(specifier)
    return { time: performance.now() - begun }
  }
}
