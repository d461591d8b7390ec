import { it } from "@effect/vitest"
import { Effect, Option } from "effect"
import { spawn } from "node:child_process"
import { readFileSync } from "node:fs"
import { describe, expect } from "vitest"
import { executable, run } from "../support/cliProcess.ts"
import { Notice } from "../support/notice.ts"
import * as wsServer from "../support/wsServer.ts"

describe("holdfast", () => {
  it.live("prints help that was asked for on stdout", () =>
    Effect.gen(function*() {
      const { code, stderr, stdout } = yield* run(["--help"])
      expect({ code, stderr }).toEqual({ code: 0, stderr: "" })
      expect(stdout).toContain("USAGE")
      expect(stdout).toContain("--json")
    }))

  it.live("prints help that was not asked for on stderr, and fails as usage does", () =>
    Effect.gen(function*() {
      const { code, stderr, stdout } = yield* run([])
      expect({ code, stdout }).toEqual({ code: 2, stdout: "" })
      expect(stderr).toContain("USAGE")
    }))

  it.live("says which flag is unknown, and where help is", () =>
    Effect.gen(function*() {
      const { code, stderr, stdout } = yield* run(["--jsonn"])
      expect({ code, stdout }).toEqual({ code: 2, stdout: "" })
      expect(stderr).toContain("--jsonn")
      expect(stderr).toContain("See holdfast --help")
      expect(stderr).not.toContain("USAGE")
    }))

  it.live("says so as an object with --json, too", () =>
    Effect.gen(function*() {
      const { code, stderr } = yield* run(["connect", "--json", "--bogus", "ws://127.0.0.1:1"])
      expect(code).toBe(2)
      expect(JSON.parse(stderr)).toMatchObject({
        level: "error",
        event: "failed",
        message: expect.stringContaining("--bogus"),
        exit: "usage",
        exitCode: 2,
        advice: "See holdfast connect --help"
      })
    }))

  it.live("tells the version of the package", () =>
    Effect.gen(function*() {
      const { version } = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8"))
      const { code, stdout } = yield* run(["--version"])
      expect(code).toBe(0)
      expect(stdout).toContain(version)
    }))

  it.live("writes completions for shells", () =>
    Effect.gen(function*() {
      const { code, stdout } = yield* run(["--completions", "bash"])
      expect(code).toBe(0)
      expect(stdout).toContain("complete")
    }))

  it.live("ends by a signal also where nobody reads its output", () =>
    Effect.gen(function*() {
      const flood = "x".repeat(64 * 1024)
      const { url } = yield* wsServer.make((socket) => {
        for (let n = 0; n < 200; n++) socket.send(flood)
      })
      const notice = new Notice()
      let told = ""
      let ended: number | undefined
      const child = yield* Effect.acquireRelease(
        Effect.sync(() => {
          const child = spawn(process.execPath, [executable, "--verbose", "connect", url], { stdio: "pipe" })
          // stdout is left alone: what its buffers do not take waits for ever.
          child.stderr.on("data", (chunk: Buffer) => {
            told += chunk.toString()
            notice.notify()
          })
          child.on("exit", (code) => {
            ended = code ?? -1
            notice.notify()
          })
          return child
        }),
        (child) =>
          Effect.sync(() => {
            child.kill("SIGKILL")
            for (const stream of child.stdio) stream?.destroy()
          })
      )
      yield* notice.when(() => told.includes("Reading is paused") || undefined)
      child.kill("SIGTERM")
      expect(yield* Effect.timeoutOption(notice.when(() => ended), "9 seconds")).toEqual(Option.some(143))
    }))
})
