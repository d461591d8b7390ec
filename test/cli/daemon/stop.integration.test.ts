import { it } from "@effect/vitest"
import { Deferred, Effect } from "effect"
import { spawn } from "node:child_process"
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs"
import { createServer } from "node:net"
import { join } from "node:path"
import { describe, expect } from "vitest"
import * as MisbehavingServer from "../../../src/cli/chaos/misbehavingServer.ts"
import { connection, exists, home } from "../../support/daemonProcess.ts"
import { until } from "../../support/realConnection.ts"
import * as realServer from "../../support/realServer.ts"
import * as wsServer from "../../support/wsServer.ts"

const bystander = Effect.acquireRelease(
  Effect.sync(() => spawn("sleep", ["60"], { stdio: "ignore" })),
  (child) =>
    Effect.callback<void>((resume) => {
      if (child.exitCode !== null || child.signalCode !== null) return resume(Effect.void)
      child.once("exit", () => resume(Effect.void))
      child.kill("SIGKILL")
    })
)

describe("holdfast stop", () => {
  it.live("closes with 1001, and leaves nothing", () =>
    Effect.gen(function*() {
      const closed = yield* Deferred.make<number>()
      const { url } = yield* wsServer.make((socket) =>
        socket.on("close", (code) => Effect.runSync(Deferred.succeed(closed, code)))
      )
      const user = yield* home
      yield* user.run(["start", user.config("feed.toml", connection("a", url))])
      const { pid, worker } = yield* user.report("feed")
      const { code, stdout } = yield* user.run(["stop", "feed"])
      expect({ code, stdout }).toEqual({ code: 0, stdout: "\"feed\" has ended.\n" })
      expect(yield* Deferred.await(closed)).toBe(1001)
      expect([pid, worker?.pid ?? 0].filter(exists)).toEqual([])
      expect(user.runtimeFiles()).toEqual([])
      expect((yield* user.run(["status", "feed"])).code).toBe(3)
      expect((yield* user.run(["stop", "feed"])).code).toBe(7)
    }))

  it.live(
    "leaves no command behind, also where it ignores its end, and the peer ignores ours",
    () =>
      Effect.gen(function*() {
        const server = yield* Effect.orDie(MisbehavingServer.make())
        yield* server.misbehave([{ fault: "ignore-close" }, { fault: "keep-tcp" }])
        const user = yield* home
        const pidFile = join(user.folder, "command.pid")
        // It is its own `sleep`, so that nothing is left where it alone is killed.
        const script = `trap "" TERM; echo $$ > ${pidFile}; exec sleep 60`
        const sink = `{ type = "pipe", command = ["sh", "-c", ${JSON.stringify(script)}] }`
        yield* user.run(["start", user.config("feed.toml", `${connection("a", server.url)}\nto = [${sink}]`)])
        const { pid, worker } = yield* user.report("feed")
        yield* until(() => existsSync(pidFile) && readFileSync(pidFile, "utf8").endsWith("\n"))
        const command = Number(readFileSync(pidFile, "utf8"))
        expect(exists(command)).toBe(true)
        const started = performance.now()
        expect((yield* user.run(["stop", "feed"])).code).toBe(0)
        // 8 seconds, and what it takes to start the command that asks for it.
        expect(performance.now() - started).toBeLessThan(10_000)
        expect([pid, worker?.pid ?? 0, command].filter(exists)).toEqual([])
        // It has ended by itself, and was not killed.
        expect(user.log("feed")).not.toContain("SIGKILL")
      }),
    60_000
  )

  it.live("never signals an innocent process that has the pid of a dead daemon", () =>
    Effect.gen(function*() {
      const user = yield* home
      const innocent = yield* bystander
      mkdirSync(user.runtime, { mode: 0o700 })
      writeFileSync(join(user.runtime, "feed.pid"), `${innocent.pid}\nanother-boot/1\n`)
      expect((yield* user.run(["status", "feed"])).code).toBe(1)
      for (const args of [["stop", "feed"], ["stop", "--force", "feed"]]) {
        expect((yield* user.run(args)).code).toBe(7)
      }
      expect(exists(innocent.pid ?? 0)).toBe(true)
      expect(user.runtimeFiles()).toEqual([])
    }))

  it.live("signals a daemon that does not answer, once it is known for the same", () =>
    Effect.gen(function*() {
      const user = yield* home
      const { url } = yield* wsServer.echo()
      yield* user.run(["start", user.config("feed.toml", connection("a", url))])
      const { pid, worker } = yield* user.report("feed")
      process.kill(pid, "SIGSTOP")
      const status = yield* user.run(["status", "feed"])
      expect(status.code).toBe(4)
      const { code, stdout } = yield* user.run(["stop", "--force", "feed"])
      expect(code).toBe(0)
      expect(stdout).toContain("did not answer")
      expect([pid, worker?.pid ?? 0].filter(exists)).toEqual([])
    }))

  it.live("ends a daemon in the middle of a handshake", () =>
    Effect.gen(function*() {
      const server = yield* realServer.make()
      yield* server.stall
      const user = yield* home
      yield* user.run(["start", user.config("feed.toml", connection("a", server.url)), "--wait", "0s"])
      yield* server.connection
      const { code } = yield* user.run(["stop", "feed"])
      expect(code).toBe(0)
      yield* server.idle
    }))

  it.live("leaves a stranger at the socket alone", () =>
    Effect.gen(function*() {
      const user = yield* home
      mkdirSync(user.runtime, { mode: 0o700 })
      yield* Effect.acquireRelease(
        Effect.callback<ReturnType<typeof createServer>>((resume) => {
          const server = createServer((socket) =>
            socket.on("error", () => undefined).resume().end("220 smtp.example\r\n")
          )
          server.listen(join(user.runtime, "feed.sock"), () => resume(Effect.succeed(server)))
        }),
        (server) => Effect.callback<void>((resume) => void server.close(() => resume(Effect.void)))
      )
      const { code, stderr } = yield* user.run(["stop", "feed"])
      expect(code).toBe(1)
      expect(stderr).toContain("no daemon of holdfast")
    }))
})
