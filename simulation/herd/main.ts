// `npm run herd`: ten thousand clients lose one server at once.
//
//   --clients N   10 000 unless told
//   --seed N      1 unless told
//   --write       writes the table and the pictures in docs/topics/proof.md
import { parseArgs } from "node:util"
import { writeBetween } from "../docs.ts"
import { kinds } from "./clients.ts"
import { figuresOf, rates } from "./figures.ts"
import { type Outage, outage } from "./outage.ts"

const { values } = parseArgs({
  options: {
    clients: { type: "string", default: "10000" },
    seed: { type: "string", default: "1" },
    write: { type: "boolean", default: false }
  }
})

// Nobody reads the stacks of a million errors.
Error.stackTraceLimit = 0

const round = (n: number): string => n.toLocaleString("en-US", { maximumFractionDigits: n < 100 ? 1 : 0 })

const rowOf = (name: string, outage: Outage): string => {
  const { all, dials, firstPeak, half, ideal, openPeak, peak } = figuresOf(outage)
  const cells = [
    name,
    round(dials),
    round(peak),
    round(ideal),
    `${round(peak / ideal)} ×`,
    `${round(firstPeak)} ×`,
    round(openPeak),
    `${round(half)} s`,
    outage.back === outage.clients ? `${round(all)} s` : `only ${outage.back}`
  ]
  return `| ${cells.join(" | ")} |`
}

/** GitHub draws it. */
const pictureOf = (name: string, { dials }: Outage): string => {
  const points = rates(dials, 0, 60)
  return [
    "```mermaid",
    "xychart-beta",
    `  title "${name}: dials a second"`,
    `  x-axis "seconds after the loss" 0 --> 60`,
    `  y-axis "dials a second" 0 --> ${Math.max(...points)}`,
    `  line [${points.join(", ")}]`,
    "```"
  ].join("\n")
}

const outages = kinds.map((kind) => {
  const begun = performance.now()
  const result = outage(kind, Number(values.clients), Number(values.seed))
  process.stderr.write(`${kind.name}: ${((performance.now() - begun) / 1000).toFixed(1)} s\n`)
  return { name: kind.name, result }
})
const table = [
  "| client | dials | peak a second | evenly spread | peak to even | first dials, peak to mean over 5 s | peak after opening | half back after | all back after |",
  "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
  ...outages.map(({ name, result }) => rowOf(name, result))
].join("\n")

process.stdout.write(`${table}\n`)
if (values.write) {
  writeBetween("herd", [table, ...outages.map(({ name, result }) => pictureOf(name, result))].join("\n\n"))
}
