import { it } from "@effect/vitest"
import { Effect, FileSystem } from "effect"
import { join } from "node:path"
import { describe, expect } from "vitest"
import { prepare } from "../../../src/cli/daemon/folder.ts"
import * as platform from "../../support/nodePlatform.ts"

const inFolder = <A, E>(
  test: (folder: string, fs: FileSystem.FileSystem) => Effect.Effect<A, E, FileSystem.FileSystem>
) =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    return yield* test(yield* fs.makeTempDirectoryScoped(), fs)
  }).pipe(Effect.provide(platform.layer))

describe("the folder of the sockets", () => {
  it.live("is made for its owner alone, with those above it", () =>
    inFolder((folder, fs) =>
      Effect.gen(function*() {
        yield* prepare(join(folder, "a", "b"))
        expect((yield* fs.stat(join(folder, "a", "b"))).mode & 0o777).toBe(0o700)
        yield* prepare(join(folder, "a", "b"))
      })
    ))

  it.live("is refused where others may write in it", () =>
    inFolder((folder, fs) =>
      Effect.gen(function*() {
        yield* fs.chmod(folder, 0o777)
        const refused = yield* Effect.flip(prepare(folder))
        expect(refused.exit).toBe("output")
        expect(refused.message).toContain("others may write in it")
        expect((yield* fs.stat(folder)).mode & 0o777).toBe(0o777)
      })
    ))

  it.live("is refused where it is a file", () =>
    inFolder((folder, fs) =>
      Effect.gen(function*() {
        yield* fs.writeFileString(join(folder, "file"), "")
        expect((yield* Effect.flip(prepare(join(folder, "file")))).message).toContain("it is no folder")
      })
    ))

  it.live.runIf(process.getuid?.() === 0)(
    "is refused where it belongs to another user",
    () =>
      inFolder((folder, fs) =>
        Effect.gen(function*() {
          yield* fs.chown(folder, 4711, 4711)
          expect((yield* Effect.flip(prepare(folder))).message).toContain("belongs to user 4711")
        })
      )
  )
})
