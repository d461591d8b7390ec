// The coordinator: `npm run bench -- --help`.
import { spawnSync } from "node:child_process"
import { mkdirSync, writeFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { parseArgs } from "node:util"
import { measure, type Server, startServer } from "./processes.ts"
import { document, print } from "./report.ts"
import type { Sample, Workload } from "./types.ts"
import { type Measured, type Round, verdictsOf } from "./verdicts.ts"
import { workloads } from "./workloads/index.ts"

const help = `npm run bench -- [options]

  --rounds N       rounds of every row; 5 unless told, 1 with --quick
  --only ROW       only this row, or several, separated by commas: ${workloads.map(({ id }) => id).join(", ")}
  --quick          one round of smaller measurements, within two minutes
  --check          exit code 1 where a goal is missed
  --write          writes docs/reference/benchmarks.md
  --profile DIR    writes a CPU profile of every client to DIR
`

const { values } = parseArgs({
  options: {
    rounds: { type: "string" },
    only: { type: "string" },
    quick: { type: "boolean", default: false },
    check: { type: "boolean", default: false },
    write: { type: "boolean", default: false },
    profile: { type: "string" },
    help: { type: "boolean", default: false }
  }
})

const say = (text: string) => process.stdout.write(text)

const chosen = (only: string | undefined): ReadonlyArray<Workload> =>
  only === undefined ? workloads : only.split(",").map((id) => {
    const workload = workloads.find((one) => one.id === id)
    if (workload === undefined) throw new Error(`There is no row "${id}".\n\n${help}`)
    return workload
  })

const run = async (workload: Workload, asked: number, scale: number): Promise<Measured> => {
  const rounds: Array<Round> = []
  const failures: Array<string> = []
  const server: Server | undefined = workload.server ? await startServer(workload.pinned) : undefined
  try {
    for (let round = 0; round < workload.rounds(asked); round++) {
      const samples: Record<string, Sample> = {}
      // Each round begins with another contender, so that none is always the one after the slowest.
      const { length } = workload.contenders
      for (let i = 0; i < length; i++) {
        const contender = workload.contenders[(round + i) % length]!
        const name = `${workload.id} ${contender} ${round}`.replaceAll(/[^\w-]+/g, "-")
        try {
          samples[contender] = await measure(
            workload,
            { contender, port: server?.port ?? 0, scale },
            values.profile === undefined ? undefined : { folder: values.profile, name }
          )
        } catch (error) {
          failures.push(error instanceof Error ? error.message : String(error))
        }
        if (process.stdout.isTTY) say(".")
      }
      rounds.push(samples)
    }
  } finally {
    await server?.stop()
  }
  return { workload, rounds, failures }
}

const write = (all: ReadonlyArray<Measured>): void => {
  const root = dirname(import.meta.dirname)
  const file = join(root, "docs/reference/benchmarks.md")
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, document(all))
  // Aligns the tables.
  spawnSync("dprint", ["fmt", file], { cwd: root, stdio: "ignore" })
}

const main = async (): Promise<void> => {
  const asked = Number(values.rounds ?? (values.quick ? 1 : 5))
  if (!Number.isSafeInteger(asked) || asked < 1) throw new Error("--rounds is a whole number above 0.")
  const begun = performance.now()
  const all: Array<Measured> = []
  for (const workload of chosen(values.only)) {
    const measured = await run(workload, asked, values.quick ? 0.25 : 1)
    say(print(measured))
    all.push(measured)
  }
  if (values.write) write(all)
  const verdicts = all.flatMap(verdictsOf)
  const missed = verdicts.filter(({ met }) => !met).length
  const incorrect = all.flatMap(({ failures }) => failures).length
  const seconds = Math.round((performance.now() - begun) / 1000)
  say(`\n${verdicts.length - missed} goals met, ${missed} missed, ${incorrect} measurements failed (${seconds} s)\n`)
  if (incorrect > 0 || (values.check && missed > 0)) process.exitCode = 1
}

if (values.help) say(help)
else await main()
