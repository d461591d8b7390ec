import { it } from "@effect/vitest"
import { Effect, FileSystem } from "effect"
import { mkdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { describe, expect, vi } from "vitest"
import { all, configOf, find, isFile } from "../../../src/cli/daemon/daemons.ts"
import * as pidFile from "../../../src/cli/daemon/pidFile.ts"
import { placeIn } from "../../../src/cli/daemon/place.ts"
import * as platform from "../../support/nodePlatform.ts"

const folder = FileSystem.FileSystem.use((fs) => fs.makeTempDirectoryScoped())
const dead = { pid: 4711, birth: "another boot/1" }

describe("daemons", () => {
  it.live("are what has a socket or a pidfile", () =>
    Effect.gen(function*() {
      const here = yield* folder
      for (const file of ["b.sock", "a.pid", "a.sock", "a.worker.pid", "c.lock", "d.last.json", "-e.pid"]) {
        writeFileSync(join(here, file), "")
      }
      expect((yield* all(here)).map(({ place }) => place.name)).toEqual(["a", "b"])
      expect(yield* all(join(here, "nowhere"))).toEqual([])
    }).pipe(Effect.provide(platform.layer)))

  it.live("are found by name", () =>
    Effect.gen(function*() {
      const here = yield* folder
      yield* pidFile.write(join(here, "feed.pid"), dead, { config: "/etc/feed.toml" })
      const found = yield* find("feed", here)
      expect(found).toEqual({
        place: placeIn(here, "feed"),
        pidFile: { ...dead, launch: { config: "/etc/feed.toml" } }
      })
      expect(yield* configOf(found)).toEqual({ config: "/etc/feed.toml" })
      const none = yield* find("orders", here)
      expect(none).toEqual({ place: placeIn(here, "orders"), pidFile: undefined })
      expect(yield* Effect.flip(configOf(none))).toMatchObject({ exit: "notRunning" })
      expect(yield* Effect.flip(find("..", here))).toMatchObject({ exit: "usage" })
    }).pipe(Effect.provide(platform.layer)))

  it.live("are found by their config, whatever it says by now", () =>
    Effect.gen(function*() {
      const here = yield* folder
      const config = join(here, "any.toml")
      yield* pidFile.write(join(here, "feed.pid"), dead, { config })
      writeFileSync(config, "broken = ")
      expect((yield* find(config, here)).place.name).toBe("feed")
      // One that nobody runs is known by what it says, or by how it is called.
      const other = join(here, "other.toml")
      writeFileSync(other, "name = \"orders\"\n[connections.a]\nurl = \"ws://127.0.0.1:1/\"\n")
      expect((yield* find(other, here)).place.name).toBe("orders")
      writeFileSync(other, "broken = ")
      expect((yield* find(other, here)).place.name).toBe("other")
    }).pipe(Effect.provide(platform.layer)))

  it.live("are found in the folder that their config names", () =>
    Effect.gen(function*() {
      vi.stubEnv("HOLDFAST_RUNTIME_DIR", "")
      yield* Effect.addFinalizer(() => Effect.sync(() => vi.unstubAllEnvs()))
      const here = yield* folder
      const own = join(here, "own")
      mkdirSync(own, { mode: 0o700 })
      yield* pidFile.write(join(own, "feed.pid"), dead)
      const config = join(here, "feed.toml")
      writeFileSync(config, `[daemon]\nfolder = ${JSON.stringify(own)}\n[connections.a]\nurl = "ws://127.0.0.1:1/"\n`)
      expect((yield* find(config, undefined)).place.folder).toBe(own)
    }).pipe(Effect.provide(platform.layer)))
})

describe("a target", () => {
  it("is a file where it looks like one", () => {
    expect(["./feed", "feed.toml", "a/b", "x.YAML", "c.json", "d.yml"].map(isFile)).not.toContain(false)
    expect(["feed", "feed.1", "tomlfeed"].map(isFile)).not.toContain(true)
  })
})
