import { it } from "@effect/vitest"
import { Effect } from "effect"
import { existsSync, mkdirSync, statSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { describe, expect } from "vitest"
import { connection, exists, home } from "../../support/daemonProcess.ts"
import * as realServer from "../../support/realServer.ts"
import * as wsServer from "../../support/wsServer.ts"

describe("holdfast start", () => {
  it.live("returns when every connection has been open, and leaves a daemon", () =>
    Effect.gen(function*() {
      const { url } = yield* wsServer.echo()
      const user = yield* home
      const config = user.config("feed.toml", connection("a", url) + connection("b", url))
      const { code, stderr, stdout } = yield* user.run(["start", config])
      expect({ code, stderr }).toEqual({ code: 0, stderr: "" })
      const report = yield* user.report("feed")
      expect(stdout).toBe(`"feed" is running (pid ${report.pid}).\n`)
      expect(report).toMatchObject({ state: "running", config, worker: { restarts: 0 } })
      expect(report.connections.map(({ name, state }) => [name, state])).toEqual([["a", "Open"], ["b", "Open"]])
      expect(user.runtimeFiles()).toEqual(["feed.pid", "feed.sock", "feed.worker.pid"])
      expect(statSync(user.runtime).mode & 0o777).toBe(0o700)
      expect(statSync(join(user.runtime, "feed.sock")).mode & 0o777).toBe(0o600)
    }))

  it.live("is heard by exactly one of ten", () =>
    Effect.gen(function*() {
      const { server, url } = yield* wsServer.echo()
      const user = yield* home
      const config = user.config("feed.toml", connection("a", url))
      const exits = yield* Effect.all(Array.from({ length: 10 }, () => user.run(["start", config, "--json"])), {
        concurrency: "unbounded"
      })
      expect(exits.filter(({ code }) => code === 0)).toHaveLength(1)
      expect(exits.filter(({ code }) => code === 22)).toHaveLength(9)
      const { pid } = yield* user.report("feed")
      for (const { code, stderr } of exits) {
        if (code === 22) {
          expect(JSON.parse(stderr)).toMatchObject({ message: `"feed" is running already (pid ${pid}).` })
        }
      }
      expect(server.clients.size).toBe(1)
    }))

  it.live("is heard by exactly one of ten, too, where a killed daemon has left everything behind", () =>
    Effect.gen(function*() {
      const { server, url } = yield* wsServer.echo()
      const user = yield* home
      const config = user.config("feed.toml", connection("a", url))
      yield* user.run(["start", config])
      const { pid } = yield* user.report("feed")
      process.kill(pid, "SIGKILL")
      // Whoever was starting just then was killed as well.
      writeFileSync(join(user.runtime, "feed.lock"), "4711 0123456789ab another-boot/1\n")
      const exits = yield* Effect.all(Array.from({ length: 10 }, () => user.run(["start", config])), {
        concurrency: "unbounded"
      })
      expect(exits.filter(({ code }) => code === 0)).toHaveLength(1)
      expect(exits.filter(({ code }) => code === 22)).toHaveLength(9)
      expect(user.runtimeFiles()).toEqual(["feed.pid", "feed.sock", "feed.worker.pid"])
      expect(server.clients.size).toBe(1)
    }))

  it.live("relays why a server refuses, with its exit code, and leaves no process", () =>
    Effect.gen(function*() {
      const server = yield* realServer.make()
      yield* server.reject(403)
      const user = yield* home
      const config = user.config("feed.toml", connection("a", server.url))
      const { code, stderr } = yield* user.run(["start", config, "--json"])
      expect(code).toBe(10)
      expect(JSON.parse(stderr)).toMatchObject({ exit: "refused", reason: "HandshakeRejected" })
      expect(JSON.parse(stderr).message).toContain("403")
      const status = yield* user.run(["status", "feed"])
      expect(status.code).toBe(1)
      expect(status.stdout).toContain("403")
      expect(user.runtimeFiles()).toEqual(["feed.last.json", "feed.pid"])
      // What is dead does not stand in the way.
      yield* server.accept()
      expect((yield* user.run(["start", config])).code).toBe(0)
      expect((yield* user.run(["status", "feed"])).code).toBe(0)
    }))

  it.live("tells of one that is refused, and keeps the others", () =>
    Effect.gen(function*() {
      const good = yield* wsServer.echo()
      const bad = yield* realServer.make()
      yield* bad.reject(403)
      const user = yield* home
      const config = user.config("feed.toml", connection("a", good.url) + connection("b", bad.url))
      const { code, stderr } = yield* user.run(["start", config])
      expect(code).toBe(10)
      expect(stderr).toContain("b: ")
      expect(stderr).toContain("keeps the other connections")
      expect((yield* user.report("feed")).connections.map(({ state }) => state)).toEqual(["Open", "Closed"])
    }))

  it.live("ends waiting after --wait, with the daemon going on", () =>
    Effect.gen(function*() {
      const server = yield* realServer.make()
      yield* server.stall
      const user = yield* home
      const config = user.config("feed.toml", connection("a", server.url))
      const { code, stderr } = yield* user.run(["start", config, "--wait", "500ms"])
      expect(code).toBe(15)
      expect(stderr).toContain("after 0.5 s")
      const report = yield* user.report("feed")
      expect(report.state).toBe("starting")
      expect(report.connections[0]?.state).toBe("Connecting")
      const zero = yield* user.run(["start", user.config("other.toml", connection("a", server.url)), "--wait", "0s"])
      expect(zero.code).toBe(0)
    }))

  it.live("tells what is wrong with the config before there is a process", () =>
    Effect.gen(function*() {
      const user = yield* home
      const { code, stderr } = yield* user.run(["start", user.config("feed.toml", "[connections.a]\nurll = 1\n")])
      expect(code).toBe(21)
      expect(stderr).toContain("urll")
      expect(existsSync(user.runtime)).toBe(false)
    }))

  it.live("serves the page, and says where", () =>
    Effect.gen(function*() {
      const { url } = yield* wsServer.echo()
      const user = yield* home
      const config = user.config("feed.toml", connection("a", url))
      expect((yield* user.run(["start", config, "--http", "nowhere"])).code).toBe(2)
      expect((yield* user.run(["start", config, "--http", "127.0.0.1:0"])).code).toBe(0)
      const { http } = yield* user.report("feed")
      expect(http).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/$/)
      expect((yield* user.run(["status", "feed"])).stdout).toContain(`page      ${http}`)
    }))

  it.live("refuses a socket's path that is too long, and a file in its place", () =>
    Effect.gen(function*() {
      const { url } = yield* wsServer.echo()
      const user = yield* home
      const config = user.config("feed.toml", connection("a", url))
      const long = yield* user.run(["start", config, "--runtime-dir", join(user.folder, "x".repeat(100))])
      expect(long.code).toBe(2)
      expect(long.stderr).toContain("bytes")
      mkdirSync(user.runtime, { mode: 0o700 })
      writeFileSync(join(user.runtime, "feed.sock"), "precious")
      const taken = yield* user.run(["start", config])
      expect(taken.code).toBe(1)
      expect(taken.stderr).toContain("it is no socket")
    }))

  it.live("keeps two hundred connections", () =>
    Effect.gen(function*() {
      const { server, url } = yield* wsServer.echo()
      const user = yield* home
      const config = user.config("feed.toml", connection("a", url, "count = 200"))
      expect((yield* user.run(["start", config])).code).toBe(0)
      expect(server.clients.size).toBe(200)
      const { connections } = yield* user.report("feed")
      expect(connections.filter(({ state }) => state === "Open")).toHaveLength(200)
      const stopped = yield* user.run(["stop", "feed"])
      expect(stopped.code).toBe(0)
      expect(server.clients.size).toBe(0)
    }))

  it.live("survives the terminal it was started from", () =>
    Effect.gen(function*() {
      const { url } = yield* wsServer.echo()
      const user = yield* home
      yield* user.run(["start", user.config("feed.toml", connection("a", url))])
      const { pid, worker } = yield* user.report("feed")
      expect(exists(pid) && exists(worker?.pid ?? 0)).toBe(true)
      // A session of its own, in the root folder.
      const { readFileSync, readlinkSync } = yield* Effect.promise(() => import("node:fs"))
      const session = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ")[3]
      expect(Number(session)).toBe(pid)
      expect(readlinkSync(`/proc/${pid}/cwd`)).toBe("/")
    }))
})
