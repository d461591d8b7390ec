import { it } from "@effect/vitest"
import { Effect, FileSystem } from "effect"
import { join } from "node:path"
import { describe, expect } from "vitest"
import * as lastEnd from "../../../src/cli/daemon/lastEnd.ts"
import * as platform from "../../support/nodePlatform.ts"

const last: lastEnd.LastEnd = {
  end: { at: "2026-01-01T00:00:00.000Z", message: "killed", signal: "SIGKILL", stderr: ["one"] },
  message: "It is not started again.",
  restarts: 5,
  config: "/etc/feed.toml",
  log: "/var/log/feed.log"
}

describe("the last end", () => {
  it.live("is kept for its owner, and forgotten", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const path = join(yield* fs.makeTempDirectoryScoped(), "feed.last.json")
      expect(yield* lastEnd.read(path)).toBeUndefined()
      yield* lastEnd.write(path, last)
      expect((yield* fs.stat(path)).mode & 0o777).toBe(0o600)
      expect(yield* lastEnd.read(path)).toEqual(last)
      yield* fs.writeFileString(path, "{}")
      expect(yield* lastEnd.read(path)).toBeUndefined()
      yield* lastEnd.remove(path)
      yield* lastEnd.remove(path)
      expect(yield* fs.exists(path)).toBe(false)
      // Where it cannot be kept, nothing else fails.
      yield* lastEnd.write("/nowhere/feed.last.json", last)
    }).pipe(Effect.provide(platform.layer)))
})
