import { it } from "@effect/vitest"
import { Effect, FileSystem } from "effect"
import { spawn } from "node:child_process"
import { describe, expect } from "vitest"
import { identify } from "../../../src/cli/daemon/identity.ts"
import { endOrphan, untilGone } from "../../../src/cli/daemon/orphan.ts"
import * as pidFile from "../../../src/cli/daemon/pidFile.ts"
import { placeIn } from "../../../src/cli/daemon/place.ts"
import * as platform from "../../support/nodePlatform.ts"

const program = Effect.acquireRelease(
  Effect.sync(() => spawn("sleep", ["60"], { stdio: "ignore" })),
  (child) =>
    Effect.callback<void>((resume) => {
      if (child.exitCode !== null || child.signalCode !== null) return resume(Effect.void)
      child.once("exit", () => resume(Effect.void))
      child.kill("SIGKILL")
    })
)

const place = Effect.gen(function*() {
  const fs = yield* FileSystem.FileSystem
  return placeIn(yield* fs.makeTempDirectoryScoped(), "feed")
})

describe("an orphan", () => {
  it.live("is waited for, and killed where that takes too long", () =>
    Effect.gen(function*() {
      const feed = yield* place
      const child = yield* program
      const known = (yield* identify(child.pid ?? 0))!
      yield* pidFile.write(feed.workerPidFile, known)
      const found: Array<number> = []
      yield* endOrphan(feed, (pid) => found.push(pid))
      expect(found).toEqual([child.pid])
      yield* untilGone(known)
      expect(yield* pidFile.read(feed.workerPidFile)).toBeUndefined()
    }).pipe(Effect.provide(platform.layer)))

  it.live("is none where the number belongs to another by now", () =>
    Effect.gen(function*() {
      const feed = yield* place
      const child = yield* program
      yield* pidFile.write(feed.workerPidFile, { pid: child.pid ?? 0, birth: "another boot/1" })
      yield* endOrphan(feed)
      expect(yield* identify(child.pid ?? 0)).toBeDefined()
      expect(yield* pidFile.read(feed.workerPidFile)).toBeUndefined()
      yield* endOrphan(feed)
    }).pipe(Effect.provide(platform.layer)))
})
