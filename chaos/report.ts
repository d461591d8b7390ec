// The live table, and the same in Markdown for docs/reference/survival.md.
import { styleText } from "node:util"
import type { Row, Times } from "./row.ts"
import type { Part } from "./rows/index.ts"
import type { Outcome } from "./runner.ts"

/** Of each row, by its id. */
export type Outcomes = ReadonlyMap<string, Outcome>

const milliseconds = (value: number | undefined): string =>
  value === undefined ? "" : value < 999.5 ? `${Math.max(0, value).toFixed(0)} ms` : `${(value / 1000).toFixed(1)} s`

const columns = ["detected", "redialled", "recovered"] as const

const timesOf = (seen: Times): ReadonlyArray<string> =>
  columns.flatMap((column) => seen[column] === undefined ? [] : [`${column} ${milliseconds(seen[column])}`])

/** One row, for a terminal. */
export const line = (row: Row, outcome: Outcome): string => {
  const head = `${row.scenario.padEnd(4)} ${row.id.padEnd(28)}`
  switch (outcome._tag) {
    case "held": {
      const took = `${(outcome.took / 1000).toFixed(1)} s`.padStart(6)
      return `${styleText("green", "held   ")} ${took}  ${head} ${
        [outcome.seen.seen, ...timesOf(outcome.seen)].join("; ")
      }`
    }
    case "broken":
      return `${styleText("red", "BROKEN ")} ${
        `${(outcome.took / 1000).toFixed(1)} s`.padStart(6)
      }  ${head} ${outcome.problem}\n                ${row.title}`
    case "skipped":
      return `${styleText("yellow", "skipped")}         ${head} needs ${row.needs.join(", ")}`
  }
}

const cells = (row: Row, outcome: Outcome): ReadonlyArray<string> => {
  const lead = [row.scenario, row.title]
  switch (outcome._tag) {
    case "held":
      return [...lead, outcome.seen.seen, ...columns.map((column) => milliseconds(outcome.seen[column]))]
    case "broken":
      return [...lead, `**did not hold**: ${outcome.problem}`, "", "", ""]
    case "skipped":
      return [...lead, `not run: needs ${row.needs.join(", ")}`, "", "", ""]
  }
}

const tableRow = (row: ReadonlyArray<string>): string =>
  `| ${row.map((cell) => cell.replaceAll("|", "\\|").replaceAll("\n", " ")).join(" | ")} |\n`

const table = ({ rows }: Part, outcomes: Outcomes): string =>
  tableRow(["scenario", "what was done", "what was seen", ...columns]) +
  "| --- | --- | --- | ---: | ---: | ---: |\n" +
  rows.map((row) => tableRow(cells(row, outcomes.get(row.id) ?? { _tag: "skipped" }))).join("")

/** The whole page. */
export const document = (
  parts: ReadonlyArray<Part>,
  outcomes: Outcomes,
  setting: ReadonlyArray<string>
): string => {
  const all = parts.flatMap(({ rows }) => rows)
  const held = all.filter(({ id }) => outcomes.get(id)?._tag === "held").length
  return `# Survival

Written by \`npm run test:chaos\`: what was done to real connections, and what came of it. How it is done, and what it
does not prove, is told in [proof with real parts](../topics/proof-with-real-parts.md).

${held} of ${all.length} rows held. ${setting.join(", ")}.

Unless a row says otherwise, the heartbeat asks after 400 ms of silence and grants 400 ms for an answer, the first wait
is drawn from 0 to 200 ms, and the server publishes a number every 20 ms. In every row the numbers are checked: none
comes twice, out of order, or is missing within a session; and afterwards no fiber, timer, socket or descriptor is left.

- **detected**: from the fault to the end of the session or attempt.
- **redialled**: from there to the next dial.
- **recovered**: from the end of the fault, or of the session where that was later, to the next open session.
${parts.map((part) => `\n## ${part.title}\n\n${part.with}\n\n${table(part, outcomes)}`).join("")}`
}
