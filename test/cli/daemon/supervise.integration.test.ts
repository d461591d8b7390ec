import { it } from "@effect/vitest"
import { Effect } from "effect"
import { existsSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { describe, expect } from "vitest"
import { connection, exists, home } from "../../support/daemonProcess.ts"
import * as realServer from "../../support/realServer.ts"
import * as wsServer from "../../support/wsServer.ts"

const until = (condition: () => boolean) =>
  Effect.repeat(Effect.delay(Effect.sync(condition), 10), { until: (met) => met }).pipe(Effect.asVoid)

describe("the supervisor", () => {
  it.live("starts a killed worker again, and keeps the cause", () =>
    Effect.gen(function*() {
      const { url } = yield* wsServer.echo()
      const user = yield* home
      yield* user.run(["start", user.config("feed.toml", connection("a", url))])
      const before = yield* user.report("feed")
      process.kill(before.worker?.pid ?? 0, "SIGKILL")
      const after = yield* user.until(
        "feed",
        ({ connections, worker }) => worker?.restarts === 1 && connections[0]?.state === "Open"
      )
      expect(after.pid).toBe(before.pid)
      expect(after.worker?.pid).not.toBe(before.worker?.pid)
      expect(after.worker?.last).toMatchObject({
        signal: "SIGKILL",
        message: "The worker was killed by SIGKILL."
      })
      const { stdout } = yield* user.run(["status", "feed"])
      expect(stdout).toContain("1 restarts")
      expect(stdout).toContain("killed by SIGKILL")
      expect((yield* user.run(["send", "feed", "hello"])).code).toBe(0)
    }))

  it.live("answers while a worker is waited for, and gives up at the limit, saying why", () =>
    Effect.gen(function*() {
      const { url } = yield* wsServer.echo()
      const user = yield* home
      const config = user.config(
        "feed.toml",
        `[daemon.restart]\nlimit = 1\nfirst = "5 seconds"\n${connection("a", url)}`
      )
      yield* user.run(["start", config])
      const first = yield* user.report("feed")
      process.kill(first.worker?.pid ?? 0, "SIGKILL")
      const waiting = yield* user.until("feed", ({ state }) => state === "restarting")
      expect(waiting.worker?.nextStartAt).toBeDefined()
      const sent = yield* user.run(["send", "feed", "hello"])
      expect(sent.code).toBe(7)
      expect(sent.stderr).toContain("no worker at the moment")
      const second = yield* user.until("feed", ({ state }) => state === "running")
      process.kill(second.worker?.pid ?? 0, "SIGKILL")
      yield* until(() => !exists(first.pid))
      const status = yield* user.run(["status", "feed", "--json"])
      expect(status.code).toBe(1)
      expect(JSON.parse(status.stdout)).toMatchObject({ state: "dead", pid: first.pid, restarts: 1 })
      expect(JSON.parse(status.stdout).message).toContain("killed by SIGKILL")
      expect(user.log("feed")).toContain("\"event\":\"daemon-ended\"")
    }), 60_000)

  it.live("may be killed: its worker ends, and the next start finds the way free", () =>
    Effect.gen(function*() {
      const { server, url } = yield* wsServer.echo()
      const user = yield* home
      const config = user.config("feed.toml", connection("a", url))
      yield* user.run(["start", config])
      const before = yield* user.report("feed")
      process.kill(before.pid, "SIGKILL")
      yield* until(() => !exists(before.pid))
      const dead = yield* user.run(["status", "feed"])
      expect(dead.code).toBe(1)
      expect(existsSync(join(user.runtime, "feed.sock"))).toBe(true)
      expect((yield* user.run(["start", config])).code).toBe(0)
      expect(exists(before.worker?.pid ?? 0)).toBe(false)
      yield* until(() => server.clients.size === 1)
      expect((yield* user.report("feed")).pid).not.toBe(before.pid)
    }))

  it.live("does not start a worker again that has nothing left to do", () =>
    Effect.gen(function*() {
      const server = yield* realServer.make()
      const user = yield* home
      yield* user.run(["start", user.config("feed.toml", connection("a", server.url))])
      const { pid } = yield* user.report("feed")
      const peer = yield* server.peer
      yield* server.reject(403)
      yield* peer.close(1001)
      yield* until(() => !exists(pid))
      const { code, stderr, stdout } = yield* user.run(["status", "feed"])
      expect(code).toBe(1)
      expect(stdout).toContain("restarts  0")
      expect(stderr).toContain("403")
    }))

  it.live("ends within the time on SIGTERM, and at once on a second one", () =>
    Effect.gen(function*() {
      // It accepts, and never answers a Close.
      const server = yield* realServer.make()
      const user = yield* home
      const config = user.config("feed.toml", connection("a", server.url))
      yield* user.run(["start", config])
      const first = yield* user.report("feed")
      const begun = performance.now()
      process.kill(first.pid, "SIGTERM")
      yield* until(() => !exists(first.pid))
      expect(performance.now() - begun).toBeLessThan(8500)
      expect(exists(first.worker?.pid ?? 0)).toBe(false)
      expect(user.runtimeFiles()).toEqual([])

      yield* user.run(["start", config])
      const second = yield* user.report("feed")
      process.kill(second.pid, "SIGTERM")
      yield* user.until("feed", ({ state }) => state === "stopping").pipe(Effect.timeoutOption(100))
      const again = performance.now()
      process.kill(second.pid, "SIGTERM")
      yield* until(() => !exists(second.pid))
      expect(performance.now() - again).toBeLessThan(1000)
      yield* until(() => !exists(second.worker?.pid ?? 0))
    }))

  it.live("reloads on SIGHUP, and opens its log anew", () =>
    Effect.gen(function*() {
      const { url } = yield* wsServer.echo()
      const user = yield* home
      const config = user.config("feed.toml", connection("a", url))
      yield* user.run(["start", config])
      const { log, pid } = yield* user.report("feed")
      const { renameSync } = yield* Effect.promise(() => import("node:fs"))
      renameSync(log?.file ?? "", `${log?.file}.old`)
      writeFileSync(config, connection("a", url) + connection("b", url))
      process.kill(pid, "SIGHUP")
      const { connections } = yield* user.until("feed", ({ connections }) => connections.length === 2)
      expect(connections.map(({ name }) => name)).toEqual(["a", "b"])
      yield* until(() => user.log("feed").includes("\"event\":\"reloaded\""))
    }))

  it.live("is not ended by a SIGHUP that comes before there is anything to reload", () =>
    Effect.gen(function*() {
      const { url } = yield* wsServer.echo()
      const user = yield* home
      const config = user.config("feed.toml", connection("a", url))
      yield* user.run(["start", config])
      const before = yield* user.report("feed")
      // A worker that is stopped is waited for by the next supervisor.
      const worker = before.worker?.pid ?? 0
      process.kill(worker, "SIGSTOP")
      process.kill(before.pid, "SIGKILL")
      yield* until(() => !exists(before.pid))
      const starting = yield* user.start(["start", config])
      const pidFile = join(user.runtime, "feed.pid")
      const next = () => Number(readFileSync(pidFile, "utf8").split("\n")[0])
      yield* until(() => existsSync(pidFile) && next() !== before.pid && user.log("feed").includes("\"orphan\""))
      process.kill(next(), "SIGHUP")
      yield* Effect.sleep(50)
      process.kill(worker, "SIGCONT")
      expect((yield* starting.exit).code).toBe(0)
    }))

  it.live("goes on with a log that is full, and says so", () =>
    Effect.gen(function*() {
      const { url } = yield* wsServer.echo()
      const user = yield* home
      const config = user.config("feed.toml", `[log]\nfile = "/dev/full"\n${connection("a", url)}`)
      expect((yield* user.run(["start", config])).code).toBe(0)
      const { log, state } = yield* user.until("feed", ({ log }) => (log?.lostLines ?? 0) > 2)
      expect(state).toBe("running")
      expect(log?.error).toContain("ENOSPC")
      expect((yield* user.run(["status", "feed"])).stdout).toContain("lines lost: ENOSPC")
      expect((yield* user.run(["send", "feed", "hello"])).code).toBe(0)
      expect((yield* user.run(["stop", "feed"])).code).toBe(0)
    }))
})
