/**
 * A schema's issue without anything of the value that it is about: what may stand
 * in a log where the frame itself may not, and what tells one kind of invalid
 * message from another.
 */
import type * as SchemaAST from "effect/SchemaAST"
import * as SchemaIssue from "effect/SchemaIssue"

/** The issue as the schema's author and Effect put it. */
export const formatIssue = SchemaIssue.makeFormatterDefault()

/**
 * One line for each place: what the schema expects there. Names that the schema
 * itself declares are told; keys of records, indices, and what a check says of a
 * value are not.
 */
export const outlineOf = (issue: SchemaIssue.Issue): string => outline(issue, "", undefined)

const outline = (issue: SchemaIssue.Issue, path: string, declaring: SchemaAST.AST | undefined): string => {
  switch (issue._tag) {
    case "Pointer":
      return outline(issue.issue, path + issue.path.map((key) => `[${nameOf(key, declaring)}]`).join(""), undefined)
    case "Composite":
      return unique(issue.issues.map((inner) => outline(inner, path, issue.ast)))
    case "AnyOf":
      return issue.issues.length === 0
        ? at(`Expected ${expectedBy(issue)}`, path)
        : unique(issue.issues.map((inner) => outline(inner, path, declaring)))
    case "Encoding":
      return outline(issue.issue, path, declaring)
    case "Filter":
      return at(`Expected ${expectedByCheck(issue.filter)}`, path)
    case "InvalidType":
      return at(`Expected ${expectedBy(issue)}`, path)
    case "MissingKey":
      return at("Missing key", path)
    case "UnexpectedKey":
      return at("Expected no excess property", path)
    case "Forbidden":
      return at("Forbidden operation", path)
    case "OneOf":
      return at("Expected exactly one member to match", path)
    case "InvalidValue":
      return at("Expected a valid value", path)
  }
}

const at = (message: string, path: string): string => path === "" ? message : `${message}\n  at ${path}`

const unique = (lines: ReadonlyArray<string>): string => [...new Set(lines)].join("\n")

const nameOf = (key: PropertyKey, declaring: SchemaAST.AST | undefined): string => {
  const isDeclared = declaring?._tag === "Objects" && declaring.propertySignatures.some(({ name }) => name === key)
  return isDeclared ? JSON.stringify(String(key)) : "*"
}

// What Effect says of a type, with nothing of a value.
const expectedBy = (issue: { readonly ast: SchemaAST.AST }): string => {
  const plain = new SchemaIssue.InvalidType(issue.ast)
  return SchemaIssue.defaultLeafHook(plain).replace(/^Expected /, "")
}

const expectedByCheck = (check: SchemaAST.Check<unknown>): string => {
  const expected = check.annotations?.["expected"]
  return typeof expected === "string" ? expected : "a valid value"
}
