import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as SchemaParser from "effect/SchemaParser"
import { describe, expect, it } from "vitest"
import { formatIssue, outlineOf } from "../../src/internal/schemaIssue.ts"

const Account = Schema.Struct({
  id: Schema.Number,
  owner: Schema.Struct({ name: Schema.String }),
  balances: Schema.Record(Schema.String, Schema.Number),
  tags: Schema.Array(Schema.String)
})
const account = { id: 1, owner: { name: "Ada" }, balances: { gold: 1 }, tags: ["a"] }

const issueOf = (schema: Schema.ConstraintDecoder<unknown>, value: unknown) =>
  Result.getOrThrow(Result.flip(SchemaParser.decodeUnknownResult(schema)(value)))
const outline = (schema: Schema.ConstraintDecoder<unknown>, value: unknown) => outlineOf(issueOf(schema, value))

describe("an outline", () => {
  it("tells what was expected where, by the names that the schema declares", () => {
    expect(outline(Account, { ...account, owner: { name: 1 } })).toBe(`Expected string\n  at ["owner"]["name"]`)
    expect(outline(Account, { ...account, id: undefined })).toBe(`Expected number\n  at ["id"]`)
    expect(outline(Account, { id: 1 })).toBe(`Missing key\n  at ["owner"]`)
    expect(outline(Account, null)).toBe("Expected object")
  })

  it("tells neither the keys of a record nor an index", () => {
    const secret = { ...account, balances: { "hunter2": "x" } }
    expect(formatIssue(issueOf(Account, secret))).toContain("hunter2")
    expect(outline(Account, secret)).toBe(`Expected number\n  at ["balances"][*]`)
    expect(outline(Account, { ...account, tags: ["a", 2] })).toBe(`Expected string\n  at ["tags"][*]`)
  })

  it("tells nothing of what a check says of the value", () => {
    const Even = Schema.Number.check(Schema.makeFilter((n: number) => n % 2 === 0 || `${n} is odd`))
    expect(formatIssue(issueOf(Even, 4711))).toContain("4711")
    expect(outline(Even, 4711)).toBe("Expected a valid value")
    const Positive = Schema.Number.check(Schema.isGreaterThan(0))
    expect(outline(Positive, -1)).toContain("0")
  })

  it("is the same for all members of a union that have the same fault", () => {
    const Either = Schema.Union([Schema.Struct({ a: Schema.Number }), Schema.Struct({ b: Schema.Number })])
    expect(outline(Either, {})).toBe(outline(Either, {}))
    expect(outline(Either, { a: "hunter2" })).not.toContain("hunter2")
  })
})
