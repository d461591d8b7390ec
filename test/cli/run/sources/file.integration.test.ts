import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import { it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { appendFileSync, renameSync, truncateSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { describe, expect } from "vitest"
import { followFile } from "../../../../src/cli/run/sources/file.ts"
import * as linesReceived from "../../../support/linesReceived.ts"
import { eventually, folder } from "../../../support/workbench.ts"

const follow = (path: string, start: "end" | "beginning" = "end") =>
  Effect.gen(function*() {
    const receiver = linesReceived.make()
    yield* followFile({ type: "file", path, start, every: "5 ms" }, receiver).pipe(
      Effect.provide(NodeFileSystem.layer),
      Effect.forkScoped({ startImmediately: true })
    )
    return receiver
  })

describe("a file that is followed", () => {
  it.live("is read from its beginning, where that is wanted, and as it grows", () =>
    Effect.gen(function*() {
      const path = join(yield* folder, "log")
      writeFileSync(path, "1\n2\nhalf")
      const { lines, some } = yield* follow(path, "beginning")
      yield* some(2)
      appendFileSync(path, " and half\n3\n")
      yield* some(4)
      expect(lines).toEqual(["1", "2", "half and half", "3"])
    }))

  it.live("is read from its end by default", () =>
    Effect.gen(function*() {
      const path = join(yield* folder, "log")
      writeFileSync(path, "old\n")
      const { lines, some } = yield* follow(path)
      // It has looked when it reads what is appended; so it is appended to until then.
      yield* eventually(() => {
        if (lines.length === 0) appendFileSync(path, "new\n")
        return lines.length > 0 || undefined
      })
      yield* some(1)
      expect(new Set(lines)).toEqual(new Set(["new"]))
    }))

  it.live("may appear later, and is all new then", () =>
    Effect.gen(function*() {
      const path = join(yield* folder, "log")
      const { some, tells } = yield* follow(path)
      yield* tells(`${path} is not there; waiting for it`)
      writeFileSync(path, "1\n")
      expect(yield* some(1)).toEqual(["1"])
    }))

  it.live("may be set aside, and what was written to the old one until then is read", () =>
    Effect.gen(function*() {
      const path = join(yield* folder, "log")
      writeFileSync(path, "1\n")
      const { some } = yield* follow(path, "beginning")
      yield* some(1)
      appendFileSync(path, "2\nno end")
      renameSync(path, `${path}.1`)
      writeFileSync(path, "3\n")
      expect(yield* some(4)).toEqual(["1", "2", "no end", "3"])
    }))

  it.live("may be cut, and begins anew", () =>
    Effect.gen(function*() {
      const path = join(yield* folder, "log")
      writeFileSync(path, "a long line\nhalf")
      const { lines, some } = yield* follow(path, "beginning")
      yield* some(1)
      truncateSync(path)
      yield* eventually(() => {
        if (lines.length === 1) appendFileSync(path, "2\n")
        return lines.length > 1 || undefined
      })
      expect(lines[1]).toBe("2")
    }))

  it.live("is read in large pieces, and all of it", () =>
    Effect.gen(function*() {
      const path = join(yield* folder, "log")
      const all = Array.from({ length: 50_000 }, (_, index) => `line ${index}`)
      writeFileSync(path, `${all.join("\n")}\n`)
      const { some } = yield* follow(path, "beginning")
      expect(yield* some(all.length)).toEqual(all)
    }))
})
