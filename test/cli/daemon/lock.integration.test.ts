import { it } from "@effect/vitest"
import { Effect, FileSystem } from "effect"
import type { Scope } from "effect"
import { spawn } from "node:child_process"
import { join } from "node:path"
import { describe, expect } from "vitest"
import { identify, type Identity, self } from "../../../src/cli/daemon/identity.ts"
import { acquire } from "../../../src/cli/daemon/lock.ts"
import * as platform from "../../support/nodePlatform.ts"

const inFolder = <A, E>(
  test: (path: string, fs: FileSystem.FileSystem) => Effect.Effect<A, E, platform.Platform | Scope.Scope>
) =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const folder = yield* fs.makeTempDirectoryScoped()
    return yield* test(join(folder, "feed.lock"), fs)
  }).pipe(Effect.provide(platform.layer))

const dead: Identity = { pid: 4711, birth: "another boot/12" }

describe("the lock", () => {
  it.live("is there while it is held, and leaves nothing", () =>
    inFolder((path, fs) =>
      Effect.gen(function*() {
        const owner = yield* self
        const [held] = yield* Effect.scoped(Effect.andThen(acquire(path, owner), fs.readDirectory(join(path, ".."))))
        expect(held).toBe("feed.lock")
        expect(yield* fs.readDirectory(join(path, ".."))).toEqual([])
      })
    ))

  it.live("is held by one at a time, of many", () =>
    inFolder((path) =>
      Effect.gen(function*() {
        const owner = yield* self
        let inside = 0
        let most = 0
        const turn = Effect.scoped(Effect.gen(function*() {
          yield* acquire(path, owner)
          most = Math.max(most, ++inside)
          yield* Effect.sleep(1)
          inside--
        }))
        yield* Effect.all(Array.from({ length: 20 }, () => turn), { concurrency: "unbounded" })
        expect(most).toBe(1)
      })
    ))

  it.live("of a dead process is taken over, by one of many", () =>
    inFolder((path, fs) =>
      Effect.gen(function*() {
        const owner = yield* self
        let inside = 0
        let most = 0
        const turn = Effect.scoped(Effect.gen(function*() {
          yield* acquire(path, owner)
          most = Math.max(most, ++inside)
          yield* Effect.sleep(1)
          inside--
        }))
        for (let round = 0; round < 10; round++) {
          yield* fs.writeFileString(path, `${dead.pid} 0123456789ab ${dead.birth}\n`)
          yield* Effect.all(Array.from({ length: 8 }, () => turn), { concurrency: "unbounded" })
        }
        expect(most).toBe(1)
        expect(yield* fs.readDirectory(join(path, ".."))).toEqual([])
      })
    ))

  it.live("is taken over although whoever was taking it over was killed as well", () =>
    inFolder((path, fs) =>
      Effect.gen(function*() {
        yield* fs.writeFileString(path, `${dead.pid} 0123456789ab ${dead.birth}\n`)
        yield* fs.writeFileString(`${path}.0123456789ab`, `${dead.pid} ba9876543210 ${dead.birth}\n`)
        yield* Effect.scoped(acquire(path, yield* self))
        expect(yield* fs.readDirectory(join(path, ".."))).toEqual([])
      })
    ))

  it.live("that says nothing of ours is taken over", () =>
    inFolder((path, fs) =>
      Effect.gen(function*() {
        yield* fs.writeFileString(path, "")
        yield* Effect.scoped(acquire(path, yield* self))
        expect(yield* fs.exists(path)).toBe(false)
      })
    ))

  it.live("of a process that is killed while it holds it is free", () =>
    inFolder((path, fs) =>
      Effect.gen(function*() {
        const child = yield* Effect.acquireRelease(
          Effect.sync(() => spawn("sleep", ["60"], { stdio: "ignore" })),
          (child) => Effect.sync(() => child.kill("SIGKILL"))
        )
        const owner = yield* identify(child.pid!)
        yield* fs.writeFileString(path, `${owner!.pid} 0123456789ab ${owner!.birth}\n`)
        let taken = false
        const waiting = yield* Effect.forkChild(
          Effect.scoped(Effect.andThen(acquire(path, yield* self), Effect.sync(() => taken = true)))
        )
        yield* Effect.sleep(100)
        expect(taken).toBe(false)
        child.kill("SIGKILL")
        yield* waiting.pipe((fiber) =>
          Effect.callback<void>((resume) => {
            fiber.addObserver(() => resume(Effect.void))
          })
        )
        expect(taken).toBe(true)
      })
    ))
})
