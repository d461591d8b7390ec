import { it } from "@effect/vitest"
import { Effect } from "effect"
import { writeFileSync } from "node:fs"
import { describe, expect } from "vitest"
import { describe as inWords } from "../../../src/cli/daemon/reload.ts"
import { connection, home } from "../../support/daemonProcess.ts"
import * as wsServer from "../../support/wsServer.ts"

describe("holdfast reload", () => {
  it.live("touches what has changed, and nothing else", () =>
    Effect.gen(function*() {
      const { url } = yield* wsServer.echo()
      const user = yield* home
      const config = user.config("feed.toml", connection("a", url) + connection("b", url) + connection("c", url))
      yield* user.run(["start", config])
      const before = yield* user.report("feed")
      writeFileSync(config, connection("a", url) + connection("b", `${url}other`) + connection("d", url))
      const { code, stdout } = yield* user.run(["reload", "feed", "--json"])
      expect(code).toBe(0)
      expect(JSON.parse(stdout)).toEqual({ added: ["d"], changed: ["b"], removed: ["c"], unchanged: ["a"] })
      const after = yield* user.report("feed")
      expect(after.worker?.pid).toBe(before.worker?.pid)
      expect(after.connections[0]).toMatchObject({
        name: "a",
        session: before.connections[0]?.session,
        since: before.connections[0]?.since
      })
    }))

  it.live("refuses a broken config, and nothing is lost", () =>
    Effect.gen(function*() {
      const { url } = yield* wsServer.echo()
      const user = yield* home
      const config = user.config("feed.toml", connection("a", url))
      yield* user.run(["start", config])
      const before = yield* user.report("feed")
      for (const broken of ["[connections.a\n", "[connections.a]\nurl = 12\n", connection("a", url, "colour = 3")]) {
        writeFileSync(config, broken)
        const { code, stderr } = yield* user.run(["reload", config])
        expect(code).toBe(21)
        expect(stderr).toContain("feed.toml")
      }
      const after = yield* user.report("feed")
      expect(after.connections[0]).toMatchObject({
        state: "Open",
        session: before.connections[0]?.session,
        since: before.connections[0]?.since
      })
      expect((yield* user.run(["send", "feed", "still there"])).code).toBe(0)
      // Its name is known to be that of the daemon, whatever is in it now.
      expect((yield* user.run(["stop", config])).code).toBe(0)
    }))

  it.live("of what is not running is code 7", () =>
    Effect.gen(function*() {
      const user = yield* home
      const { code, stderr } = yield* user.run(["reload", "feed"])
      expect(code).toBe(7)
      expect(stderr).toContain("\"feed\" is not running.")
    }))

  it("is told in words", () => {
    expect(inWords({ added: ["a"], changed: [], removed: [], unchanged: ["b", "c"] })).toBe("added: a\nunchanged: b, c")
    const many = Array.from({ length: 12 }, (_, n) => `${n}`)
    expect(inWords({ added: many, changed: [], removed: [], unchanged: [] })).toContain("and 2 more")
    expect(inWords({ added: [], changed: [], removed: [], unchanged: [] })).toBe("There are no connections.")
  })
})
