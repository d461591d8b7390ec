import { it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import { describe, expect } from "vitest"
import { Environment, substitute } from "../../../src/cli/config/substitute.ts"
import { layerFiles } from "../../support/configFiles.ts"

const run = (data: unknown, environment: Record<string, string> = {}, files: Record<string, string> = {}) =>
  substitute(data, "/etc/holdfast").pipe(
    Effect.provide(layerFiles(files)),
    Effect.provideService(Environment, environment)
  )

describe("variables", () => {
  it.effect("stand in texts, however deep", () =>
    Effect.gen(function*() {
      const { problems, value } = yield* run({ a: ["x-${NAME}-${OTHER}"], b: 1, c: { d: "${NAME}" } }, {
        NAME: "n",
        OTHER: "o"
      })
      expect({ problems, value }).toEqual({ problems: [], value: { a: ["x-n-o"], b: 1, c: { d: "n" } } })
    }))

  it.effect("have defaults, which also stand in for what is empty", () =>
    Effect.gen(function*() {
      const { value } = yield* run(["${A:-x}", "${B:-x y}", "${C:-}", "${B}"], { B: "" })
      expect(value).toEqual(["x", "x y", "", ""])
    }))

  it.effect("are not meant by $${, nor by a $ alone", () =>
    Effect.gen(function*() {
      const { problems, value } = yield* run(["$${A}", "^a$", "$1", "$$"])
      expect({ problems, value }).toEqual({ problems: [], value: ["${A}", "^a$", "$1", "$$"] })
    }))

  it.effect("that are not set are named, with the path", () =>
    Effect.gen(function*() {
      const { problems } = yield* run({ a: ["${NOPE}"] })
      expect(problems).toEqual([{
        path: ["a", 0],
        sentence: "needs the environment variable NOPE, which is not set; set it, or write ${NOPE:-default}"
      }])
    }))

  it.effect("that are none are told", () =>
    Effect.gen(function*() {
      const { problems } = yield* run(["${not a name}", "${open"])
      expect(problems.map(({ sentence }) => sentence)).toEqual([
        "has \"${not a name}\", which names no variable; write ${NAME}, ${NAME:-default}, or $${ for the text itself",
        "has \"${open\", which names no variable; write ${NAME}, ${NAME:-default}, or $${ for the text itself"
      ])
    }))
})

describe("secrets of files", () => {
  it.effect("are read from the config's folder, without the last line break", () =>
    Effect.gen(function*() {
      const { value } = yield* run({ a: { file: "token" }, b: { file: "${DIRECTORY}/x" } }, {
        DIRECTORY: "/run/secrets"
      }, {
        "/etc/holdfast/token": "abc\n",
        "/run/secrets/x": "def"
      })
      const { a, b } = value as Record<string, Redacted.Redacted>
      expect([Redacted.value(a!), Redacted.value(b!)]).toEqual(["abc", "def"])
      expect(JSON.stringify(value)).not.toContain("abc")
    }))

  it.effect("that cannot be read are told", () =>
    Effect.gen(function*() {
      const { problems } = yield* run({ a: { file: "token" } })
      expect(problems).toEqual([{ path: ["a"], sentence: "cannot be read from /etc/holdfast/token: NotFound" }])
    }))

  it.effect("are not meant by the log's file, nor by a group with other keys", () =>
    Effect.gen(function*() {
      const data = { log: { file: "x.log" }, sink: { type: "x", file: "y" } }
      expect((yield* run(data)).value).toEqual(data)
    }))
})
