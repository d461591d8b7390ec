import { it } from "@effect/vitest"
import { Effect, Fiber, FileSystem } from "effect"
import type { Scope } from "effect"
import { join } from "node:path"
import { describe, expect } from "vitest"
import { make, type Shifts } from "../../../src/cli/daemon/shifts.ts"
import { exists } from "../../support/daemonProcess.ts"
import * as platform from "../../support/nodePlatform.ts"
import { programIs } from "../../support/programArgument.ts"

/** Answers, and ends as the file beside it says. */
const stub = `
const control = new (require("node:net").Socket)({ fd: 3, readable: true, writable: true })
control.on("data", (chunk) => {
  for (const line of String(chunk).trim().split("\\n")) {
    const { id, request } = JSON.parse(line)
    const report = { name: "a", state: "running", version: "0", pid: 1, since: "", uptime: 0, config: "", connections: [] }
    control.write(JSON.stringify({ holdfast: 1, id, reply: request?._tag === "Status" ? report : {} }) + "\\n")
    if (request?._tag === "Stop") process.exit(0)
  }
}).on("end", () => process.exit(0))
if (process.argv[2] !== "stay") setTimeout(() => process.exit(Number(process.argv[2])), 50)
`

const withShifts = <A, E>(
  how: string,
  test: (
    shifts: Shifts,
    told: ReadonlyArray<string>,
    pidFile: string
  ) => Effect.Effect<A, E, platform.Platform | Scope.Scope>
) =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const folder = yield* fs.makeTempDirectoryScoped()
    const script = join(folder, "stub.cjs")
    yield* fs.writeFileString(script, stub)
    yield* programIs(script)
    const told: Array<string> = []
    const shifts = yield* make({
      args: [how],
      limits: { limit: 2, within: 60_000, first: 10, cap: 20 },
      pidFile: join(folder, "feed.worker.pid"),
      tell: (_level, event) => told.push(event),
      onStderr: () => undefined,
      onStdout: () => undefined
    })
    return yield* test(shifts, told, join(folder, "feed.worker.pid"))
  }).pipe(Effect.scoped, Effect.provide(platform.layer))

describe("workers", () => {
  it.live("follow one another until the limit is reached", () =>
    withShifts("1", (shifts, told) =>
      Effect.gen(function*() {
        const last = yield* shifts.run
        expect(last).toMatchObject({ tooOften: true, end: { code: 1 } })
        expect(shifts.report()).toMatchObject({ restarts: 2, pid: undefined, last: { code: 1 } })
        expect(told).toEqual([
          "worker-started",
          "worker-crashed",
          "worker-started",
          "worker-crashed",
          "worker-started"
        ])
      })))

  it.live("are not followed where one ends for a reason of its own", () =>
    withShifts("18", (shifts, told) =>
      Effect.gen(function*() {
        expect(yield* shifts.run).toMatchObject({ tooOften: false, end: { code: 18 } })
        expect(told).toEqual(["worker-started"])
      })))

  it.live("are known by a pidfile, and asked once they answer", () =>
    withShifts("stay", (shifts, _told, pidFile) =>
      Effect.gen(function*() {
        const fs = yield* FileSystem.FileSystem
        expect(shifts.worker()).toBeUndefined()
        const running = yield* Effect.forkChild(shifts.run, { startImmediately: true })
        yield* shifts.started
        const worker = shifts.worker()
        expect(shifts.state()).toBe("running")
        expect(worker?.pid).toBe(shifts.report().pid)
        expect(yield* fs.readFileString(pidFile)).toMatch(`${worker?.pid}\n`)
        yield* Fiber.interrupt(running)
        expect(exists(worker?.pid ?? 0)).toBe(false)
        expect(yield* fs.exists(pidFile)).toBe(false)
      })))
})
