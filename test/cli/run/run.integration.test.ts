import { it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { spawnSync } from "node:child_process"
import { appendFileSync, existsSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { describe, expect } from "vitest"
import { requires } from "../../setup/requirements.ts"
import { run } from "../../support/cliProcess.ts"
import * as configFolder from "../../support/configFolder.ts"
import { eventually } from "../../support/workbench.ts"
import * as wsServer from "../../support/wsServer.ts"

describe("holdfast run", () => {
  it.live("answers as a daemon does, with --control", () =>
    Effect.gen(function*() {
      const { url } = yield* wsServer.echo()
      const config = yield* configFolder.make({ connections: { feed: { url, to: ["stdout"] } } })
      const env = { HOLDFAST_RUNTIME_DIR: join(config.path, "run") }
      const process = yield* config.run({ env }, "--control")
      yield* process.prints("feed: open")
      const status = yield* run(["status", "feeds"], { env })
      expect({ code: status.code, out: status.stdout }).toMatchObject({ code: 0, out: expect.stringContaining("Open") })
      expect((yield* run(["send", "feeds", "hello"], { env })).code).toBe(0)
      yield* process.prints("hello\n")
      // Of one name there is one.
      expect((yield* run(["run", config.file, "--control"], { env })).code).toBe(22)
      expect((yield* run(["stop", "feeds"], { env })).code).toBe(0)
      expect((yield* process.exit).code).toBe(0)
    }))

  it.live("sends what comes from stdin, a named pipe, a file and a command", () =>
    Effect.gen(function*() {
      const { url } = yield* wsServer.echo()
      const config = yield* configFolder.make({
        connections: {
          feed: {
            url,
            from: [
              "stdin",
              { type: "fifo", path: "in" },
              { type: "file", path: "log", start: "beginning" },
              { type: "command", command: "echo from the command", restart: false }
            ],
            to: ["stdout"]
          }
        }
      })
      writeFileSync(join(config.path, "log"), "from the file\n")
      const process = yield* config.run({ stdin: "from stdin\n" })
      yield* eventually(() => existsSync(join(config.path, "in")) || undefined)
      appendFileSync(join(config.path, "in"), "from the pipe\n")
      for (const where of ["stdin", "the pipe", "the file", "the command"]) yield* process.prints(`from ${where}\n`)
      yield* process.kill("SIGTERM")
      const { code, stdout } = yield* process.exit
      expect(code).toBe(0)
      expect(stdout.trim().split("\n").length).toBe(4)
    }))

  it.live("says what is wrong with a config, with code 21", () =>
    Effect.gen(function*() {
      const config = yield* configFolder.make(`{\n  "connections": {\n    "feed": { "ulr": "ws://x" }\n  }\n}`)
      const { code, stderr, stdout } = yield* Effect.flatMap(config.run(), ({ exit }) => exit)
      expect({ code, stdout }).toEqual({ code: 21, stdout: "" })
      expect(stderr).toBe(`${config.file}:3:15: connections.feed.ulr is unknown; did you mean "url"?\n`)
      expect((yield* Effect.flatMap(config.run({}, "--check"), ({ exit }) => exit)).code).toBe(21)
    }))

  it.live("shows what was understood, and dials nothing, with --check", () =>
    Effect.gen(function*() {
      const config = yield* configFolder.make({
        connections: { feed: { url: "ws://127.0.0.1:1/?token=abc", headers: { a: "abc" } } }
      })
      const { code, stderr, stdout } = yield* Effect.flatMap(config.run({}, "--check"), ({ exit }) => exit)
      expect({ code, stdout }).toEqual({
        code: 0,
        stdout: `feed\n  url: ws://127.0.0.1:1/?…\n  headers: {"a":"<secret>"}\n`
      })
      expect(stderr).toBe(`${config.file} is right: feeds, 1 connection.\n`)
      const json = yield* Effect.flatMap(config.run({}, "--check", "--json"), ({ exit }) => exit)
      expect(JSON.parse(json.stdout)).toEqual({
        connection: "feed",
        url: "ws://127.0.0.1:1/?…",
        headers: { a: "<secret>" }
      })
    }))

  it.live("keeps only the connections that are asked for", () =>
    Effect.gen(function*() {
      const { url } = yield* wsServer.echo()
      const config = yield* configFolder.make({ defaults: { url }, connections: { a: {}, b: {} } })
      const process = yield* config.run({}, "--connection", "b")
      yield* process.prints("b: open")
      yield* process.kill("SIGTERM")
      expect((yield* process.exit).stderr).not.toContain("a: ")
      const { code, stderr } = yield* Effect.flatMap(config.run({}, "--connection", "c"), ({ exit }) => exit)
      expect(code).toBe(2)
      expect(stderr).toContain(`has no connection "c"; there are: a, b`)
    }))

  it.live.skipIf(!requires("tmpfs").available)(
    "survives a full disk, and writes all when there is room again",
    () =>
      Effect.gen(function*() {
        const { server, url } = yield* wsServer.make(() => undefined)
        const config = yield* configFolder.make({
          connections: { feed: { url, to: [{ type: "file", path: "disk/log", format: "raw" }, "stdout"] } }
        })
        const disk = join(config.path, "disk")
        spawnSync("mkdir", [disk])
        yield* Effect.acquireRelease(
          Effect.sync(() => spawnSync("mount", ["-t", "tmpfs", "-o", "size=64k", "tmpfs", disk])),
          () => Effect.sync(() => spawnSync("umount", ["-l", disk]))
        )
        const process = yield* config.run()
        yield* process.prints("feed: open")
        writeFileSync(join(disk, "filler"), Buffer.alloc(56 * 1024))
        const lines = Array.from({ length: 20 }, (_, n) => `${n} ${"x".repeat(997)}`)
        const [client] = server.clients
        lines.forEach((line) => client?.send(line))
        yield* process.prints("ENOSPC: no space left on device")
        // Nothing else is held up.
        client?.send("still heard")
        yield* process.prints("still heard")
        writeFileSync(join(disk, "filler"), "")
        yield* process.prints("takes messages again")
        yield* eventually(() => readFileSync(join(disk, "log"), "utf8").includes("still heard") || undefined)
        expect(readFileSync(join(disk, "log"), "utf8")).toBe(`${lines.join("\n")}\nstill heard\n`)
        yield* process.kill("SIGTERM")
        expect((yield* process.exit).code).toBe(0)
      })
  )
})
