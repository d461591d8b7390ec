import { it } from "@effect/vitest"
import { Effect, FileSystem } from "effect"
import type { Scope } from "effect"
import { spawnSync } from "node:child_process"
import { join } from "node:path"
import { describe, expect } from "vitest"
import * as logFile from "../../../src/cli/daemon/logFile.ts"
import { requires } from "../../setup/requirements.ts"
import * as platform from "../../support/nodePlatform.ts"

const inFolder = <A, E>(
  test: (folder: string, fs: FileSystem.FileSystem) => Effect.Effect<A, E, platform.Platform | Scope.Scope>
) =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    return yield* test(yield* fs.makeTempDirectoryScoped(), fs)
  }).pipe(Effect.provide(platform.layer))

const line = (text: string) => Buffer.from(`${text}\n`)
const until = (condition: Effect.Effect<boolean>) =>
  Effect.repeat(Effect.delay(condition, 5), { until: (met) => met }).pipe(Effect.asVoid)

describe("a log", () => {
  it.live("has all that was taken by the time it is closed, in order", () =>
    inFolder((folder, fs) =>
      Effect.gen(function*() {
        const file = join(folder, "logs", "feed.log")
        yield* Effect.scoped(Effect.gen(function*() {
          const log = yield* logFile.make({ file, ndjson: true })
          for (let n = 0; n < 5000; n++) log.write(line(`${n}`))
          expect(log.lost()).toEqual({ lostLines: 0, lostBytes: 0, error: undefined })
        }))
        const lines = (yield* fs.readFileString(file)).trim().split("\n")
        expect(lines).toEqual(Array.from({ length: 5000 }, (_, n) => `${n}`))
      })
    ))

  it.live("is rotated by its size", () =>
    inFolder((folder, fs) =>
      Effect.gen(function*() {
        const file = join(folder, "feed.log")
        yield* Effect.scoped(Effect.gen(function*() {
          const log = yield* logFile.make({ file, maxSize: 100, maxFiles: 2, ndjson: true })
          for (let n = 0; n < 10; n++) {
            log.write(line(`${n} ${"x".repeat(60)}`))
            yield* Effect.sleep(10)
          }
        }))
        expect((yield* fs.readDirectory(folder)).toSorted()).toEqual(["feed.log", "feed.log.1", "feed.log.2"])
      })
    ))

  it.live("counts what a full disk does not take, and does not fail", () =>
    inFolder(() =>
      Effect.gen(function*() {
        const log = yield* logFile.make({ file: "/dev/full", ndjson: true })
        for (let n = 0; n < 3; n++) log.write(line("lost"))
        yield* until(Effect.sync(() => log.lost().lostLines === 3))
        expect(log.lost()).toMatchObject({ lostLines: 3, lostBytes: 15 })
        expect(log.lost().error).toMatch(/ENOSPC|no space/i)
      })
    ))

  it.live.skipIf(!requires("tmpfs").available)(
    "goes on when there is room again, and says what is missing",
    () =>
      inFolder((folder, fs) =>
        Effect.gen(function*() {
          yield* Effect.acquireRelease(
            Effect.sync(() => spawnSync("mount", ["-t", "tmpfs", "-o", "size=64k", "tmpfs", folder])),
            () => Effect.sync(() => spawnSync("umount", ["-l", folder]))
          )
          const file = join(folder, "feed.log")
          yield* Effect.scoped(Effect.gen(function*() {
            const log = yield* logFile.make({ file, ndjson: true })
            log.write(line("first"))
            yield* until(Effect.orElseSucceed(Effect.map(fs.stat(file), ({ size }) => Number(size) > 0), () => false))
            yield* Effect.ignore(fs.writeFile(join(folder, "ballast"), new Uint8Array(80_000)))
            log.write(line("x".repeat(5000)))
            yield* until(Effect.sync(() => log.lost().lostLines === 1))
            yield* fs.remove(join(folder, "ballast"))
            log.write(line("last"))
          }))
          const [first, last, told] = (yield* fs.readFileString(file)).trim().split("\n")
          expect([first, last]).toEqual(["first", "last"])
          expect(JSON.parse(told ?? "")).toMatchObject({ event: "log-lost", lostLines: 1 })
        })
      )
  )

  it.live("is opened by its name again where it was moved away", () =>
    inFolder((folder, fs) =>
      Effect.gen(function*() {
        const file = join(folder, "feed.log")
        const size = Effect.orElseSucceed(Effect.map(fs.stat(file), (stat) => Number(stat.size)), () => 0)
        const log = yield* logFile.make({ file, ndjson: true })
        log.write(line("one"))
        yield* until(Effect.map(size, (bytes) => bytes === 4))
        yield* fs.rename(file, `${file}.old`)
        log.reopen()
        log.write(line("three"))
        yield* until(Effect.map(size, (bytes) => bytes === 6))
        expect(yield* fs.readFileString(`${file}.old`)).toBe("one\n")
      })
    ))
})
