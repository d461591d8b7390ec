import { it } from "@effect/vitest"
import { Effect, FileSystem } from "effect"
import { join } from "node:path"
import { describe, expect } from "vitest"
import * as pidFile from "../../../src/cli/daemon/pidFile.ts"
import * as platform from "../../support/nodePlatform.ts"

const us = { pid: 4711, birth: "boot/12" }

const inFolder = <A, E>(
  test: (path: string, fs: FileSystem.FileSystem) => Effect.Effect<A, E, FileSystem.FileSystem>
) =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const folder = yield* fs.makeTempDirectoryScoped()
    return yield* test(join(folder, "feed.pid"), fs)
  }).pipe(Effect.provide(platform.layer))

describe("a pidfile", () => {
  it.live("has the pid in its first line, and is read as it was written", () =>
    inFolder((path, fs) =>
      Effect.gen(function*() {
        yield* pidFile.write(path, us, { config: "/etc/feed.toml", http: "127.0.0.1:9464" })
        expect((yield* fs.readFileString(path)).split("\n")[0]).toBe("4711")
        expect(Number((yield* fs.stat(path)).mode & 0o777)).toBe(0o600)
        expect(yield* pidFile.read(path)).toEqual({
          ...us,
          launch: { config: "/etc/feed.toml", http: "127.0.0.1:9464" }
        })
        yield* pidFile.write(path, us)
        expect(yield* pidFile.read(path)).toEqual({ ...us, launch: undefined })
      })
    ))

  it.live("that is none of ours names no process", () =>
    inFolder((path, fs) =>
      Effect.gen(function*() {
        expect(yield* pidFile.read(path)).toBeUndefined()
        for (const text of ["", "4711\n", "-1\nboot/12\n", "feed\nboot/12\n", "0\nboot/1\n"]) {
          yield* fs.writeFileString(path, text)
          expect(yield* pidFile.read(path)).toBe("unreadable")
        }
      })
    ))

  it.live("is removed by the process that it names, and by no other", () =>
    inFolder((path) =>
      Effect.gen(function*() {
        yield* pidFile.write(path, us)
        yield* pidFile.remove(path, { ...us, birth: "boot/13" })
        yield* pidFile.remove(path, { ...us, pid: 1 })
        expect(yield* pidFile.read(path)).toMatchObject(us)
        yield* pidFile.remove(path, us)
        expect(yield* pidFile.read(path)).toBeUndefined()
      })
    ))
})
