import { it } from "@effect/vitest"
import { Effect, FileSystem } from "effect"
import type { Scope } from "effect"
import { join } from "node:path"
import { describe, expect } from "vitest"
import { startWorker, type WorkerProcess } from "../../../src/cli/daemon/workerProcess.ts"
import { exists } from "../../support/daemonProcess.ts"
import * as platform from "../../support/nodePlatform.ts"
import { programIs } from "../../support/programArgument.ts"

/** Answers everything, and ends when it is asked to, or as it is told to. */
const stub = `
const control = new (require("node:net").Socket)({ fd: 3, readable: true, writable: true })
const how = process.argv[2]
process.stdout.write("data")
console.error("it begins")
if (how === "crash") throw new Error("out of order")
control.on("data", (chunk) => {
  for (const line of String(chunk).trim().split("\\n")) {
    const { id, request } = JSON.parse(line)
    control.write(JSON.stringify({ holdfast: 1, id, reply: {} }) + "\\n")
    if (request?._tag === "Stop" && how !== "deaf") process.exit(0)
  }
})
`

const withWorker = <A, E>(
  how: string,
  test: (
    worker: WorkerProcess,
    heard: { readonly stderr: Array<string>; stdout: string }
  ) => Effect.Effect<A, E, platform.Platform | Scope.Scope>
) =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const script = join(yield* fs.makeTempDirectoryScoped(), "stub.cjs")
    yield* fs.writeFileString(script, stub)
    yield* programIs(script)
    const heard = { stderr: new Array<string>(), stdout: "" }
    const worker = yield* startWorker({
      args: [how],
      onStderr: (line) => heard.stderr.push(line),
      onStdout: (bytes) => heard.stdout += Buffer.from(bytes).toString()
    })
    return yield* test(worker, heard)
  }).pipe(Effect.scoped, Effect.provide(platform.layer))

describe("a worker", () => {
  it.live("is asked over what it inherits, and ends when its scope does", () =>
    Effect.gen(function*() {
      const { end, pid } = yield* withWorker("well", (worker, heard) =>
        Effect.gen(function*() {
          expect(yield* worker.client.ask({ _tag: "Started" })).toEqual({})
          expect(heard.stderr).toEqual(["it begins"])
          expect(heard.stdout).toBe("data")
          return { pid: worker.pid, end: worker.ended }
        }))
      expect(yield* end).toMatchObject({ code: 0, stderr: ["it begins"] })
      expect(exists(pid)).toBe(false)
    }))

  it.live("that does not listen is killed", () =>
    Effect.gen(function*() {
      const end = yield* withWorker("deaf", (worker) => Effect.as(worker.client.ask({ _tag: "Started" }), worker.ended))
      expect(yield* end).toMatchObject({ signal: "SIGKILL" })
    }))

  it.live("that fails leaves its last words", () =>
    withWorker("crash", (worker) =>
      Effect.gen(function*() {
        const end = yield* worker.ended
        expect(end.code).toBe(1)
        expect(end.stderr.join("\n")).toContain("Error: out of order")
        expect(yield* Effect.flip(worker.client.ask({ _tag: "Started" }))).toMatchObject({ exit: "notRunning" })
      })))

  it.live("that is killed is known by its signal", () =>
    withWorker("well", (worker) =>
      Effect.gen(function*() {
        worker.kill("SIGKILL")
        expect(yield* worker.ended).toMatchObject({ signal: "SIGKILL", message: "The worker was killed by SIGKILL." })
        yield* worker.client.gone
      })))

  it.live("that cannot be started has ended, too", () =>
    Effect.gen(function*() {
      yield* Effect.acquireRelease(
        Effect.sync(() => {
          const before = process.execPath
          process.execPath = "/nowhere/node"
          return before
        }),
        (before) => Effect.sync(() => void (process.execPath = before))
      )
      const worker = yield* startWorker({ args: [], onStderr: () => undefined, onStdout: () => undefined })
      expect((yield* worker.ended).stderr.join()).toContain("ENOENT")
    }).pipe(Effect.scoped))
})
