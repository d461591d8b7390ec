import { it } from "@effect/vitest"
import { Effect } from "effect"
import { writeFileSync } from "node:fs"
import { describe, expect } from "vitest"
import { connection, home } from "../../support/daemonProcess.ts"
import * as wsServer from "../../support/wsServer.ts"

describe("holdfast restart", () => {
  it.live("is a new daemon, started as the old one was", () =>
    Effect.gen(function*() {
      const { url } = yield* wsServer.echo()
      const user = yield* home
      const config = user.config("feed.toml", connection("a", url) + connection("b", url))
      yield* user.run(["start", config, "--connection", "b"])
      const before = yield* user.report("feed")
      expect((yield* user.run(["restart", "feed"])).code).toBe(0)
      const after = yield* user.report("feed")
      expect(after.pid).not.toBe(before.pid)
      expect(after.connections.map(({ name, state }) => [name, state])).toEqual([["b", "Open"]])
    }))

  it.live("leaves the daemon as it is where the config is broken", () =>
    Effect.gen(function*() {
      const { url } = yield* wsServer.echo()
      const user = yield* home
      const config = user.config("feed.toml", connection("a", url))
      yield* user.run(["start", config])
      const before = yield* user.report("feed")
      writeFileSync(config, "connections = 12\n")
      expect((yield* user.run(["restart", "feed"])).code).toBe(21)
      expect((yield* user.report("feed")).pid).toBe(before.pid)
    }))

  it.live("starts what is not running, where it knows the config", () =>
    Effect.gen(function*() {
      const { url } = yield* wsServer.echo()
      const user = yield* home
      expect((yield* user.run(["restart", "feed"])).code).toBe(7)
      expect((yield* user.run(["restart", user.config("feed.toml", connection("a", url))])).code).toBe(0)
      expect((yield* user.report("feed")).state).toBe("running")
    }))
})
