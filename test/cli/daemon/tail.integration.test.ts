import { it } from "@effect/vitest"
import { Effect, FileSystem } from "effect"
import type { Scope } from "effect"
import { appendFileSync, renameSync, truncateSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { describe, expect } from "vitest"
import { tail } from "../../../src/cli/daemon/tail.ts"
import * as platform from "../../support/nodePlatform.ts"
import { Notice } from "../../support/notice.ts"

const inFolder = <A, E>(test: (file: string) => Effect.Effect<A, E, platform.Platform | Scope.Scope>) =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    return yield* test(join(yield* fs.makeTempDirectoryScoped(), "feed.log"))
  }).pipe(Effect.provide(platform.layer))

const collect = (file: string, lines: number) =>
  Effect.gen(function*() {
    const found: Array<string> = []
    yield* tail(file, { lines, follow: false }, (line) => Effect.sync(() => found.push(line)))
    return found
  })

const follow = (file: string, lines: number) =>
  Effect.gen(function*() {
    const notice = new Notice()
    const found: Array<string> = []
    yield* Effect.forkScoped(tail(file, { lines, follow: true }, (line) =>
      Effect.sync(() => {
        found.push(line)
        notice.notify()
      })))
    return { has: (...lines: Array<string>) => notice.when(() => found.join() === lines.join() ? true : undefined) }
  })

describe("the end of a file", () => {
  it.live("are its last lines, however long it is", () =>
    inFolder((file) =>
      Effect.gen(function*() {
        const lines = Array.from({ length: 20_000 }, (_, n) => `line ${n} zwölf`)
        writeFileSync(file, `${lines.join("\n")}\n`)
        expect(yield* collect(file, 3)).toEqual(lines.slice(-3))
        expect(yield* collect(file, 12_000)).toEqual(lines.slice(-12_000))
        expect(yield* collect(file, 50_000)).toEqual(lines)
        expect(yield* collect(file, 0)).toEqual([])
        writeFileSync(file, "one\ntwo")
        expect(yield* collect(file, 1)).toEqual(["two"])
        writeFileSync(file, "")
        expect(yield* collect(file, 5)).toEqual([])
      })
    ))

  it.live("is followed across rotation, and nothing is lost", () =>
    inFolder((file) =>
      Effect.gen(function*() {
        writeFileSync(file, "0\n1\n")
        const lines = yield* follow(file, 1)
        yield* lines.has("1")
        appendFileSync(file, "2\n")
        yield* lines.has("1", "2")
        appendFileSync(file, "3\n")
        renameSync(file, `${file}.1`)
        writeFileSync(file, "4\n")
        yield* lines.has("1", "2", "3", "4")
        renameSync(file, `${file}.2`)
        yield* Effect.sleep(300)
        writeFileSync(file, "5\n")
        yield* lines.has("1", "2", "3", "4", "5")
        truncateSync(file)
        yield* Effect.sleep(300)
        appendFileSync(file, "6\n")
        yield* lines.has("1", "2", "3", "4", "5", "6")
      })
    ))

  it.live("is no end where there is no file", () =>
    inFolder((file) =>
      Effect.gen(function*() {
        const failed = yield* Effect.flip(tail(file, { lines: 1, follow: true }, () => Effect.void))
        expect(failed.reason._tag).toBe("NotFound")
      })
    ))
})
