/**
 * What is wrong with a JSON text, and where: the parser for YAML, which reads
 * JSON with its lines, would let through what is none.
 */
import type { Position } from "./problem.ts"

/** A syntax error. */
export interface JsonProblem extends Position {
  readonly sentence: string
}

/** None where the text is JSON. */
export const jsonProblem = (text: string): JsonProblem | undefined => {
  const message = complaint(text)
  if (message === undefined) return undefined
  const known = / at position (\d+)/.exec(message)
  const offset = known !== null ? Number(known[1]) : /end of JSON/.test(message) ? text.length : firstWrong(text)
  const before = text.slice(0, offset).split("\n")
  return {
    line: before.length,
    column: (before.at(-1)?.length ?? 0) + 1,
    sentence: message.replace(/ in JSON at position.*$| \(line \d+ column \d+\)$/, "").replace(/, "?\.{0,3}".*$/s, "")
  }
}

const complaint = (text: string): string | undefined => {
  try {
    JSON.parse(text)
    return undefined
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

/** V8 does not always say where. Every text that ends before the wrong character is merely incomplete. */
const firstWrong = (text: string): number => {
  let right = 0
  let wrong = text.length
  while (wrong - right > 1) {
    const middle = (right + wrong) >> 1
    if (complaint(text.slice(0, middle))?.startsWith("Unexpected token") === true) wrong = middle
    else right = middle
  }
  return right
}
