// `npm run simulate:mutants`: breaks Holdfast in every way of the list and tells how soon the simulation notices.
//
//   --seed N    of each first program; 1 unless told
//   --runs K    how many a mutant must survive to count as not found; 5 000 unless told
//   --only T    only those whose name contains this text
//   --write     writes the table in docs/topics/proof.md
import { parseArgs } from "node:util"
import { writeBetween } from "../docs.ts"
import { type Catch, hunt } from "./hunt.ts"
import { mutants } from "./list.ts"

const { values } = parseArgs({
  options: {
    seed: { type: "string", default: "1" },
    runs: { type: "string", default: "5000" },
    only: { type: "string" },
    write: { type: "boolean", default: false }
  }
})

const tableOf = (catches: ReadonlyArray<Catch>): string =>
  [
    "| broken on purpose | to break | found as | seed | runs |",
    "| --- | --- | --- | ---: | ---: |",
    ...catches.map(({ invariant, mutant, runs, seed }) =>
      `| ${mutant.name} | ${mutant.breaks} | ${
        invariant === mutant.breaks ? "the same" : invariant ?? "**not found**"
      } | ${invariant === undefined ? "" : seed} | ${runs} |`
    )
  ].join("\n")

const catches: Array<Catch> = []
for (const mutant of mutants) {
  if (values.only !== undefined && !mutant.name.includes(values.only)) continue
  const caught = hunt(mutant, Number(values.seed), Number(values.runs))
  catches.push(caught)
  process.stdout.write(`${caught.invariant === undefined ? "SURVIVED" : `run ${caught.runs}`}: ${mutant.name}`)
  process.stdout.write(caught.invariant === undefined ? "\n" : ` (${caught.invariant}, seed ${caught.seed})\n`)
}
if (values.write) writeBetween("mutants", tableOf(catches))
if (catches.some(({ invariant }) => invariant === undefined)) process.exitCode = 1
