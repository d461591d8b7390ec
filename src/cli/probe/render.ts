/**
 * How steps and findings look: rows for people, records for programs.
 */
import type { Output } from "../output.ts"
import { visible } from "../visible.ts"
import type { Finding, Step, Verdict } from "./Step.ts"

type Paint = Output["Service"]["paint"]

const marks: Record<Verdict, readonly [mark: string, style: "green" | "yellow" | "red" | "dim"]> = {
  ok: ["✓", "green"],
  warning: ["!", "yellow"],
  failed: ["✗", "red"],
  skipped: ["–", "dim"]
}

const indent = " ".repeat(26)

/** A step as a row, and what belongs to it beneath. */
export const row = ({ lines = [], ms, step, text, verdict }: Step, paint: Paint): string => {
  const [mark, style] = marks[verdict]
  const time = ms === undefined ? "" : `${ms < 1000 ? `${ms.toFixed(1)} ms` : `${(ms / 1000).toFixed(2)} s`}`
  const head = `${paint(style, mark, "stdout")} ${paint("bold", step.padEnd(11), "stdout")} ${time.padStart(9)}   `
  const said = verdict === "ok" || verdict === "warning" ? visible(text) : paint(style, visible(text), "stdout")
  return [head + said, ...lines.map((line) => indent + paintLine(visible(line), paint))].join("\n")
}

const paintLine = (line: string, paint: Paint): string =>
  line.startsWith("✗") ? paint("red", line, "stdout") : paint("dim", line, "stdout")

/** A finding, with its advice beneath. */
export const paragraph = ({ advice, level, message }: Finding, paint: Paint): string => {
  const head = level === "error" ? paint("red", "✗", "stdout") : paint("yellow", "!", "stdout")
  const lines = [...wrapped(message), ...(advice === undefined ? [] : wrapped(advice))]
  return `${head} ${lines.join("\n  ")}`
}

/** A text in lines that are easy to read. */
const wrapped = (text: string): ReadonlyArray<string> => visible(text).match(/\S.{0,95}(?=\s|$)/g) ?? [visible(text)]

/** A step as a record. */
export const record = ({ details, findings, ms, step, text, verdict }: Step) => ({
  event: "step",
  step,
  verdict,
  ...(ms === undefined ? {} : { ms }),
  message: text,
  ...(details === undefined ? {} : { details }),
  ...(findings === undefined || findings.length === 0 ? {} : { findings })
})
