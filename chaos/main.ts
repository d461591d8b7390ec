// Chaos with real parts: `npm run test:chaos -- --help`.
import { NodeRuntime } from "@effect/platform-node"
import { Effect } from "effect"
import { spawnSync } from "node:child_process"
import { writeFileSync } from "node:fs"
import { release } from "node:os"
import { dirname, join } from "node:path"
import { parseArgs } from "node:util"
import { install, provided, runsElsewhere } from "./provision.ts"
import { document, line, type Outcomes } from "./report.ts"
import { parts } from "./rows/index.ts"
import { listenForUnheard, type Outcome, runRow } from "./runner.ts"

const help = `npm run test:chaos -- [options]

  --only TEXT   only the rows whose name contains this; several, separated by commas
  --list        the names of the rows
  --times N     every row so many times
  --no-write    leaves docs/reference/survival.md as it is

The page is written only where every row ran.
`

const { values } = parseArgs({
  allowNegative: true,
  options: {
    only: { type: "string" },
    list: { type: "boolean", default: false },
    times: { type: "string", default: "1" },
    write: { type: "boolean", default: true },
    help: { type: "boolean", default: false }
  }
})

const say = (text: string) => process.stdout.write(`${text}\n`)

const rows = parts.flatMap((part) => part.rows)
const only = values.only?.split(",")
const chosen = rows.filter(({ id }) => only?.some((part) => id.includes(part)) ?? true)

const versionOf = (command: string, flag: string): string => {
  const { stderr, stdout } = spawnSync(command, [flag], { encoding: "utf8" })
  return /\d+\.\d+(?:\.\d+)?/.exec(`${stdout}${stderr}`)?.[0] ?? ""
}

const setting = (): ReadonlyArray<string> => [
  `Node ${process.versions.node}`,
  `nginx ${versionOf("nginx", "-v")}`,
  `HAProxy ${versionOf("haproxy", "-v")}`,
  `Linux ${release().split(/[-+]/)[0]}`
]

const write = (outcomes: Outcomes): void => {
  const root = dirname(import.meta.dirname)
  const file = join(root, "docs/reference/survival.md")
  writeFileSync(file, document(parts, outcomes, setting()))
  // Aligns the tables.
  spawnSync("dprint", ["fmt", file], { cwd: root, stdio: "ignore" })
}

const main = Effect.gen(function*() {
  listenForUnheard()
  const begun = performance.now()
  const outcomes = new Map<string, Outcome>()
  // What Node and Effect start once, at the first use, is no row's fault.
  yield* runRow(rows[0]!)
  for (let round = 0; round < Number(values.times); round++) {
    for (const row of chosen) {
      const outcome: Outcome = provided(row.needs) ? yield* runRow(row) : { _tag: "skipped" }
      say(line(row, outcome))
      if (outcomes.get(row.id)?._tag !== "broken") outcomes.set(row.id, outcome)
    }
  }
  const count = (tag: Outcome["_tag"]) => [...outcomes.values()].filter(({ _tag }) => _tag === tag).length
  say(
    `\n${count("held")} held, ${count("broken")} broken, ${count("skipped")} skipped (${
      ((performance.now() - begun) / 1000).toFixed(0)
    } s)`
  )
  if (count("broken") > 0) process.exitCode = 1
  if (values.write && chosen.length === rows.length && count("skipped") === 0) write(outcomes)
})

if (values.help) process.stdout.write(help)
else if (values.list) { for (const { id, title } of rows) say(`${id.padEnd(28)} ${title}`) }
else {
  install()
  if (!runsElsewhere(import.meta.filename)) NodeRuntime.runMain(main)
}
