import { it } from "@effect/vitest"
import { Effect } from "effect"
import { describe, expect } from "vitest"
import { connection, home } from "../../support/daemonProcess.ts"
import * as wsServer from "../../support/wsServer.ts"

describe("the worker", () => {
  it.live("is not for people", () =>
    Effect.gen(function*() {
      const user = yield* home
      const { code, stderr } = yield* user.run(["daemon-worker", "feed.toml"])
      expect(code).toBe(2)
      expect(stderr).toContain("holdfast start")
    }))

  it.live("says in its name whose it is, and what sinks print goes beside the log", () =>
    Effect.gen(function*() {
      const { url } = yield* wsServer.make((socket) => socket.send("hello"))
      const user = yield* home
      yield* user.run(["start", user.config("feed.toml", connection("a", url, "to = [{ type = \"stdout\" }]"))])
      const { log, worker } = yield* user.report("feed")
      const { existsSync, readFileSync } = yield* Effect.promise(() => import("node:fs"))
      expect(readFileSync(`/proc/${worker?.pid}/cmdline`, "utf8")).toContain("holdfast feed: worker")
      const out = (log?.file ?? "").replace(/\.log$/, ".out")
      yield* Effect.repeat(
        Effect.delay(Effect.sync(() => existsSync(out) && readFileSync(out, "utf8").includes("hello")), 10),
        { until: (met) => met }
      )
    }))
})
