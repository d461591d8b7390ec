/**
 * What a Schema has to say of a config, as sentences: which key is meant, what
 * was found there, and what may stand there instead.
 */
import * as Redacted from "effect/Redacted"
import type * as SchemaAST from "effect/SchemaAST"
import type { Issue } from "effect/SchemaIssue"
import type { Path, Problem } from "./problem.ts"
import { nearest } from "./suggestion.ts"
import { isSecret } from "./understood.ts"

/** Every mistake, a sentence each. */
export const problemsOf = (issue: Issue, data: unknown, path: Path = []): ReadonlyArray<Problem> => {
  switch (issue._tag) {
    case "Pointer":
      return problemsOf(issue.issue, data, [...path, ...issue.path])
    case "Composite":
      return withoutEchoes(issue.issues.flatMap((inner) => problemsOf(inner, data, path)))
    case "AnyOf":
      return anyOf(issue, data, path)
    case "Filter":
      return [{ path, sentence: wrong(data, path, expectation(issue.filter) ?? "something else") }]
    case "Encoding":
      return problemsOf(issue.issue, data, path)
    case "MissingKey":
      return [{ path, sentence: "is missing" }]
    case "UnexpectedKey":
      return [{ path, key: true, sentence: unknownKey(String(path.at(-1)), issue.ast) }]
    case "InvalidType":
    case "OneOf":
      return [{ path, sentence: wrong(data, path, expectation(issue.ast) ?? kind(issue.ast)) }]
    case "InvalidValue":
    case "Forbidden":
      return [{ path, sentence: wrong(data, path, "something else") }]
  }
}

/** Of several ways, the one that was meant: that which got furthest; else what may stand here at all. */
const anyOf = (issue: Extract<Issue, { _tag: "AnyOf" }>, data: unknown, path: Path): ReadonlyArray<Problem> => {
  const value = at(data, path)
  const expected = expectation(issue.ast)
  const inner = issue.issues.map((one) => problemsOf(one, data, path))
  const deeper = inner.filter((problems) => problems.every((problem) => problem.path.length > path.length))
  const isGroup = typeof value === "object" && value !== null && !Redacted.isRedacted(value)
  const chosen = deeper.toSorted((a, b) => a.length - b.length)[0]
  if (isGroup && chosen !== undefined && chosen.length > 0) return chosen
  const [only] = inner
  if (expected === undefined && inner.length === 1 && only !== undefined) return only
  if (isGroup && "type" in value && value.type !== undefined && expected !== undefined) {
    const types = [...expected.matchAll(/"([^"]+)"/g)].map(([, type]) => String(type))
    const meant = typeof value.type === "string" ? nearest(value.type, types) : undefined
    return [{
      path: [...path, "type"],
      sentence: `${shown(value.type)} is unknown; ${
        meant === undefined ? `use ${types.map((type) => JSON.stringify(type)).join(", ")}` : `did you mean "${meant}"?`
      }`
    }]
  }
  return [{ path, sentence: wrong(data, path, expected ?? "something else") }]
}

/** The same path is told once. */
const withoutEchoes = (problems: ReadonlyArray<Problem>): ReadonlyArray<Problem> =>
  problems.filter((problem, index) =>
    problems.findIndex((other) =>
      other.sentence === problem.sentence && other.path.join("\0") === problem.path.join("\0")
    ) === index
  )

interface Annotated {
  readonly annotations?: object | undefined
  readonly checks?: ReadonlyArray<Annotated> | undefined
}

// What is annotated after a check is written onto the check.
const expectation = (node: Annotated): string | undefined => {
  const annotations = node.annotations
  if (annotations !== undefined && "expects" in annotations && typeof annotations.expects === "string") {
    return annotations.expects
  }
  const last = node.checks?.at(-1)
  return last === undefined ? undefined : expectation(last)
}

const unknownKey = (key: string, ast: SchemaAST.AST): string => {
  const known = ast._tag === "Objects" ? ast.propertySignatures.map(({ name }) => String(name)) : []
  const meant = nearest(key, known)
  return meant !== undefined
    ? `is unknown; did you mean "${meant}"?`
    : known.length === 0
    ? "is unknown"
    : `is unknown; there are: ${known.toSorted().join(", ")}`
}

const wrong = (data: unknown, path: Path, expected: string): string => {
  const value = at(data, path)
  return value === null || value === ""
    ? `is empty; it must be ${expected}`
    : `must be ${expected}; got ${isSecret(path) && typeof value !== "object" ? `a ${typeof value}` : shown(value)}`
}

const kind = (ast: SchemaAST.AST): string => {
  switch (ast._tag) {
    case "Objects":
      return "a group of keys"
    case "Arrays":
      return "a list"
    case "String":
      return "a text"
    case "Number":
      return "a number"
    case "Boolean":
      return "true or false"
    default:
      return "something else"
  }
}

/** What stands there: short, and no secret of a file. */
const shown = (value: unknown): string => {
  if (Redacted.isRedacted(value)) return "a secret of a file"
  if (Array.isArray(value)) return "a list"
  if (typeof value === "object" && value !== null) {
    return value instanceof Date ? "a date" : "a group of keys"
  }
  const text = JSON.stringify(value) ?? String(value)
  return text.length > 60 ? `${text.slice(0, 60)}…"` : text
}

const at = (data: unknown, path: Path): unknown =>
  path.reduce<unknown>(
    (value, key) =>
      typeof value === "object" && value !== null ? (value as Record<PropertyKey, unknown>)[key] : undefined,
    data
  )
