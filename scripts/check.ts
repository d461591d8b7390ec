// Everything that must be clean before a commit. All steps run, so that one call tells everything; names given as
// arguments choose among them: `npm run check -- lint format`.
import { spawnSync } from "node:child_process"
import { globSync, mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { basename, dirname, join } from "node:path"

const root = dirname(import.meta.dirname)
const tarballs = mkdtempSync(join(tmpdir(), "holdfast-pack-"))

const effect = (project: string) => `effect-tsgo diagnostics --strict --severity error,warning --project ${project}`

/** Each public module is an entry of its own. */
const modules = globSync("src/*.ts", { cwd: root }).map((file) => basename(file, ".ts")).filter((name) =>
  name !== "index"
)

/** Commands of node_modules/.bin, which npm has put on the PATH. */
const steps: Record<string, ReadonlyArray<string>> = {
  build: ["node scripts/build.ts"],
  types: ["tsc -p tsconfig.tools.json"],
  effect: [effect("tsconfig.core.json"), effect("tsconfig.node.json"), effect("tsconfig.tools.json")],
  lint: ["oxlint --type-aware ."],
  format: ["dprint check"],
  structure: ["node scripts/check-structure.ts"],
  dead: ["knip"],
  package: [
    "publint --strict",
    `npm pack --silent --ignore-scripts --pack-destination ${tarballs}`,
    `attw --profile esm-only --include-entrypoints ${modules.join(" ")} -- ${tarballs}/*.tgz`
  ]
}

const chosen = process.argv.slice(2)
const unknown = chosen.filter((name) => !(name in steps))
if (unknown.length > 0) {
  throw new Error(`No such step: ${unknown.join(", ")}. There are ${Object.keys(steps).join(", ")}.`)
}

const failed: Array<string> = []
for (const [name, commands] of Object.entries(steps)) {
  if (chosen.length > 0 && !chosen.includes(name)) continue
  const started = performance.now()
  const broken = commands.filter((command) => {
    const { output, status } = spawnSync(command, { cwd: root, shell: true, encoding: "utf8", maxBuffer: 2 ** 26 })
    if (status !== 0) process.stdout.write(`\n$ ${command}\n${output.join("")}\n`)
    return status !== 0
  })
  if (broken.length > 0) failed.push(name)
  const seconds = ((performance.now() - started) / 1000).toFixed(1)
  process.stdout.write(`${broken.length === 0 ? "ok    " : "FAILED"} ${name} (${seconds} s)\n`)
}
rmSync(tarballs, { recursive: true })

if (failed.length > 0) {
  process.stdout.write(`\nNot clean: ${failed.join(", ")}. Formatting and some of lint: npm run fix\n`)
  process.exitCode = 1
}
