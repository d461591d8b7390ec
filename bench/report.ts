// What is printed, and what is written to docs/reference/benchmarks.md: the same tables in Markdown.
import { readFileSync } from "node:fs"
import { cpus } from "node:os"
import { join } from "node:path"
import { digits, type Measured, ratioOf, type Spread, valueOf, verdictsOf } from "./verdicts.ts"

type Table = ReadonlyArray<ReadonlyArray<string>>

const spread = (of: Spread): string =>
  of.min === of.max ? digits(of.median) : `${digits(of.median)} (${digits(of.min)}–${digits(of.max)})`

/** A line for each contender: its numbers, and their ratios to the baseline. */
const numbers = (measured: Measured): Table => {
  const { baseline, contenders, metrics } = measured.workload
  const keys = Object.keys(metrics)
  const head = keys.flatMap((key) => {
    const { ratio, title, unit } = metrics[key]!
    const value = unit === "" ? title : `${title}, ${unit}`
    return baseline !== undefined && ratio ? [value, `ratio to ${baseline}`] : [value]
  })
  const lines = contenders.map((contender) => [
    contender,
    ...keys.flatMap((key) => {
      const value = valueOf(measured, contender, key)
      const shown = value === undefined ? "failed" : baseline === undefined ? spread(value) : digits(value.median)
      if (baseline === undefined || !metrics[key]!.ratio) return [shown]
      const ratio = ratioOf(measured, contender, key)
      return [shown, contender === baseline ? "1" : ratio === undefined ? "" : spread(ratio)]
    })
  ])
  return [["", ...head], ...lines]
}

const goals = (measured: Measured): Table =>
  verdictsOf(measured).map(({ contender, goal, met, reached }) => [met ? "met" : "MISSED", contender, goal, reached])

const aligned = (table: Table): string => {
  const widths = (table[0] ?? []).map((_, column) => Math.max(...table.map((line) => line[column]!.length)))
  return table.map((line) => `  ${line.map((cell, column) => cell.padEnd(widths[column]!)).join("  ").trimEnd()}\n`)
    .join("")
}

/** One row, for a terminal. */
export const print = (measured: Measured): string => {
  const { rounds, workload } = measured
  const times = rounds.length === 1 ? "1 round" : `${rounds.length} rounds`
  return `\n${workload.title} (${workload.id}, ${times})\n${aligned(numbers(measured))}${aligned(goals(measured))}`
    + measured.failures.map((failure) => `  FAILED ${failure}\n`).join("")
}

const markdown = (table: Table): string => {
  const [head = [], ...lines] = table.map((line) => line.map((cell) => cell.replaceAll("|", "\\|")))
  const row = (cells: ReadonlyArray<string>) => `| ${cells.join(" | ")} |\n`
  return row(head) + row(head.map((_, column) => column === 0 ? "---" : "---:")) + lines.map(row).join("")
}

const versionOf = (name: string): string => {
  const text = readFileSync(join(import.meta.dirname, "..", "node_modules", name, "package.json"), "utf8")
  return `${name} ${(JSON.parse(text) as { readonly version: string }).version}`
}

const versions = ["ws", "effect", "reconnecting-websocket", "partysocket"]

/** All rows, for the documentation. */
export const document = (all: ReadonlyArray<Measured>): string => {
  const cores = cpus()
  const summary = all.flatMap((measured) =>
    verdictsOf(measured).map(({ contender, goal, met, reached }) => [
      measured.workload.title,
      contender,
      goal,
      reached,
      met ? "yes" : "**no**"
    ])
  )
  return `# Benchmarks

Written by \`npm run bench -- --write\`; how it measures is told in \`bench/README.md\`. Ratios are to the first
contender of each table in the same round: the median over the rounds, with the least and the greatest in brackets.

Node ${process.versions.node}, ${versions.map(versionOf).join(", ")}; ${cores.length} × ${cores[0]?.model ?? "unknown"},
client and server on the same machine.

## Goals

${markdown([["workload", "contender", "goal", "reached", "met"], ...summary])}
${
    all.map((measured) =>
      `## ${measured.workload.title}\n\n${measured.workload.detail} ${roundsOf(measured)}\n\n${
        markdown(numbers(measured))
      }`
    ).join("\n")
  }`
}

const roundsOf = ({ rounds }: Measured): string => rounds.length === 1 ? "One round." : `${rounds.length} rounds.`
