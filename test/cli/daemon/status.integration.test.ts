import { it } from "@effect/vitest"
import { Effect } from "effect"
import { mkdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { describe, expect } from "vitest"
import { connection, home } from "../../support/daemonProcess.ts"
import * as wsServer from "../../support/wsServer.ts"

describe("holdfast status", () => {
  it.live("has the exit codes of the Linux Standard Base", () =>
    Effect.gen(function*() {
      const { url } = yield* wsServer.echo()
      const user = yield* home
      expect((yield* user.run(["status"])).code).toBe(3)
      expect((yield* user.run(["status", "feed"])).code).toBe(3)
      yield* user.run(["start", user.config("feed.toml", connection("a", url))])
      expect((yield* user.run(["status", "feed"])).code).toBe(0)
      expect((yield* user.run(["status", join(user.folder, "feed.toml")])).code).toBe(0)
      expect((yield* user.run(["status"])).code).toBe(0)
      writeFileSync(join(user.runtime, "dead.pid"), "4711\nanother-boot/1\n")
      expect((yield* user.run(["status", "dead"])).code).toBe(1)
      const all = yield* user.run(["status", "--json"])
      expect(all.code).toBe(1)
      expect(all.stdout.trim().split("\n").map((line) => JSON.parse(line).state)).toEqual(["dead", "running"])
      mkdirSync(join(user.folder, "empty"))
      expect((yield* user.run(["status", "--runtime-dir", join(user.folder, "empty")])).code).toBe(3)
    }))

  it.live("lives, with --watch", () =>
    Effect.gen(function*() {
      const { url } = yield* wsServer.echo()
      const user = yield* home
      yield* user.run(["start", user.config("feed.toml", connection("a", url))])
      const watching = yield* user.start(["status", "feed", "--watch", "--interval", "50ms", "--json"])
      yield* watching.prints(/(?:.*"state":"running".*\n){2}/)
      yield* user.run(["send", "feed", "hello"])
      yield* watching.prints(/"received":\{"messages":1/)
      yield* user.run(["stop", "feed"])
      yield* watching.prints("\"stopped\"")
    }))

  it.live("is a table of connections, too", () =>
    Effect.gen(function*() {
      const { url } = yield* wsServer.echo()
      const user = yield* home
      yield* user.run(["start", user.config("feed.toml", connection("a", url) + connection("b", url))])
      const { code, stdout } = yield* user.run(["connections", "feed"])
      expect(code).toBe(0)
      expect(stdout.split("\n").slice(0, 3).map((line) => line.split(/ +/)[0])).toEqual(["CONNECTION", "a", "b"])
      const json = yield* user.run(["connections", "--json"])
      expect(json.stdout.trim().split("\n").map((line) => JSON.parse(line).daemon)).toEqual(["feed", "feed"])
    }))
})
