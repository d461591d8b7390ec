import { describe, expect, it } from "vitest"
import { jsonProblem } from "../../../src/cli/config/jsonProblem.ts"

describe("what is wrong with JSON", () => {
  it("is nothing where nothing is", () => {
    expect(jsonProblem(`{ "a": [1, "x", null] }`)).toBeUndefined()
  })

  it.each([
    [`{\n  "a": tru\n}`, 2, 11],
    [`{\n  "a": 1,\n}`, 3, 1],
    [`{\n  // why\n  "a": 1\n}`, 2, 3],
    [`{ "a": 1`, 1, 9],
    [`{\n  'a': 1\n}`, 2, 3],
    [`nope`, 1, 2],
    [``, 1, 1]
  ])("is told with its place: %j", (text, line, column) => {
    expect(jsonProblem(text)).toMatchObject({ line, column })
  })

  it.each([
    [`{ "a": 1,\n  "a": 2 }`, 2, 3],
    [`{ "x": [{ "a": 1 }, { "a": 1 }], "y": { "a": "\\"a\\":" }, "\\u0078": 1 }`, 1, 58]
  ])("is a key that is there twice: %j", (text, line, column) => {
    expect(jsonProblem(text)).toEqual({ line, column, sentence: "This key is there twice" })
  })

  it("is told in a sentence without an excerpt of the file", () => {
    expect(jsonProblem(`{ "token": "secret", "a": tru }`)?.sentence).toBe("Unexpected token ' '")
  })
})
