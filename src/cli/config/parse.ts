/**
 * The text of a config file as data, by the file's ending; a syntax error names
 * the line and shows it.
 */
import * as Result from "effect/Result"
import { parse as parseToml, TomlError } from "smol-toml"
import { isMap, isScalar, LineCounter, parseDocument } from "yaml"
import { type CliFailure, failure } from "../failure.ts"
import { type JsonProblem, jsonProblem } from "./jsonProblem.ts"
import type { Path, Position } from "./problem.ts"

/** What a text says, and where. */
export interface Parsed {
  readonly value: unknown
  /** Where a value, or its key, stands; undefined where the format does not tell (TOML). */
  readonly locate: (path: Path, key: boolean) => Position | undefined
}

/** What the text of this file says. */
export const parse = (file: string, text: string): Result.Result<Parsed, CliFailure> => {
  const ending = /\.[^./]*$/.exec(file)?.[0].toLowerCase()
  switch (ending) {
    case ".toml":
      return toml(file, text)
    case ".yaml":
    case ".yml":
      return yaml(file, text)
    case ".json": {
      const problem = jsonProblem(text)
      return problem === undefined ? Result.succeed(json(text)) : Result.fail(syntaxFailure(file, text, problem))
    }
    default:
      return Result.fail(failure(
        "config",
        `${file} has an ending that says nothing of its format.`,
        `Name it .toml, .yaml, .yml or .json.`
      ))
  }
}

const toml = (file: string, text: string): Result.Result<Parsed, CliFailure> =>
  Result.try({
    try: () => ({ value: parseToml(text) as unknown, locate: () => undefined }),
    catch: (error) => {
      if (!(error instanceof TomlError)) return failure("config", `${file}: ${String(error)}`)
      // The rest of the message is the excerpt, which is shown in one way for all formats.
      const sentence = error.message.split("\n")[0]?.replace(/^Invalid TOML document: /, "") ?? ""
      return syntaxFailure(file, text, { line: error.line, column: error.column, sentence })
    }
  })

// Where things stand is asked only for what is wrong: the parser that knows it takes a hundred times as long.
const json = (text: string): Parsed => {
  let locate: Parsed["locate"] | undefined
  return {
    value: JSON.parse(text) as unknown,
    locate: (path, key) => (locate ??= locator(text))(path, key)
  }
}

const locator = (text: string): Parsed["locate"] => {
  const located = yaml("", text)
  return Result.isSuccess(located) ? located.success.locate : () => undefined
}

const yaml = (file: string, text: string): Result.Result<Parsed, CliFailure> => {
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, uniqueKeys: true })
  const positionOf = (offset: number): Position => {
    const { col, line } = lines.linePos(offset)
    return { line, column: Math.max(1, col) }
  }
  const [error] = document.errors
  if (error !== undefined) {
    return Result.fail(syntaxFailure(file, text, { ...positionOf(error.pos[0]), sentence: error.message }))
  }
  return Result.try({
    // An alias that is used too often is a bomb, and is refused here.
    try: () => document.toJS({ maxAliasCount: 1000 }) as unknown,
    catch: (error) => failure("config", `${file}: ${error instanceof Error ? error.message : String(error)}`)
  }).pipe(Result.flatMap((value) =>
    isEndless(value)
      ? Result.fail(failure("config", `${file}: an alias (*) stands within what it stands for; that has no end.`))
      : Result.succeed<Parsed>({
        value,
        locate: (path, key) => {
          const range = key ? keyRange(document, path) : rangeOf(document, path)
          return range === undefined ? undefined : positionOf(range)
        }
      })
  ))
}

/** Whether something contains itself, which YAML can say. */
const isEndless = (value: unknown, around = new Set<object>(), known = new Set<object>()): boolean => {
  if (typeof value !== "object" || value === null || known.has(value)) return false
  if (around.has(value)) return true
  around.add(value)
  const found = Object.values(value).some((inner) => isEndless(inner, around, known))
  around.delete(value)
  known.add(value)
  return found
}

type Document = ReturnType<typeof parseDocument>

const keyRange = (document: Document, path: Path): number | undefined => {
  const parent = path.length === 1 ? document.contents : document.getIn(path.slice(0, -1), true)
  if (!isMap(parent)) return rangeOf(document, path)
  const pair = parent.items.find(({ key }) => (isScalar(key) ? String(key.value) : String(key)) === path.at(-1))
  return isScalar(pair?.key) ? pair.key.range?.[0] : rangeOf(document, path)
}

/** Where the value stands, or what is around it where there is none. */
const rangeOf = (document: Document, path: Path): number | undefined => {
  for (let length = path.length; length >= 0; length--) {
    const node = length === 0 ? document.contents : document.getIn(path.slice(0, length), true)
    if (typeof node !== "object" || node === null || !("range" in node)) continue
    // What is missing is missed in the group: its key is the place.
    if (length < path.length && length > 0) return keyRange(document, path.slice(0, length))
    return (node.range as [number, number, number] | null | undefined)?.[0]
  }
  return undefined
}

const syntaxFailure = (file: string, text: string, { column, line, sentence }: JsonProblem): CliFailure => {
  const shown = masked(text.split("\n")[line - 1]?.replace(/\r$/, "") ?? "")
  const number = String(line)
  // A line may be long, and may hold a secret far from the mistake.
  const start = Math.max(0, column - 60)
  return failure(
    "config",
    [
      `${file}:${line}:${column}: ${sentence.replace(/\.?$/, ".")}`,
      `  ${number} | ${shown.slice(start, start + 100)}`,
      `  ${" ".repeat(number.length)} | ${" ".repeat(column - 1 - start)}^`
    ].join("\n")
  )
}

const secretive = /auth|bearer|token|secret|pass|key|cookie|credential|:\/\/.*[@?]/i

/** The line, with what may be a secret made unreadable; as long as before, since a caret points into it. */
const masked = (line: string): string =>
  secretive.test(line) ? line.replace(/[=:].*$/, (value) => value.replaceAll(/[^\s"'{}[\],=:]/g, "•")) : line
