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
  if (message === undefined) {
    const twin = firstTwin(text)
    return twin === undefined ? undefined : { ...positionOf(text, twin), sentence: "This key is there twice" }
  }
  const known = / at position (\d+)/.exec(message)
  const offset = known !== null ? Number(known[1]) : /end of JSON/.test(message) ? text.length : firstWrong(text)
  return {
    ...positionOf(text, offset),
    sentence: message.replace(/ in JSON at position.*$| \(line \d+ column \d+\)$/, "").replace(/, "?\.{0,3}".*$/s, "")
  }
}

const positionOf = (text: string, offset: number): Position => {
  const before = text.slice(0, offset).split("\n")
  return { line: before.length, column: (before.at(-1)?.length ?? 0) + 1 }
}

/** Where a key stands that its object has already: JSON's parser would silently take the second. The text is JSON. */
const firstTwin = (text: string): number | undefined => {
  const groups: Array<Set<string> | undefined> = []
  for (const { 0: token, index } of text.matchAll(/"(?:[^"\\]|\\.)*"(\s*:)?|[[\]{}]/g)) {
    if (token === "{") groups.push(new Set())
    else if (token === "[") groups.push(undefined)
    else if (token === "}" || token === "]") groups.pop()
    else if (token.endsWith(":")) {
      const key = JSON.parse(token.slice(0, -1)) as string
      const group = groups.at(-1)
      if (group?.has(key) === true) return index
      group?.add(key)
    }
  }
  return undefined
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
