import { it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as TestClock from "effect/testing/TestClock"
import { describe, expect } from "vitest"
import type { LogFile } from "../../../src/cli/daemon/logFile.ts"
import type { DaemonReport } from "../../../src/cli/daemon/protocol.ts"
import type { Shifts } from "../../../src/cli/daemon/shifts.ts"
import { supervisorHandlers } from "../../../src/cli/daemon/supervisorHandlers.ts"
import type { WorkerProcess } from "../../../src/cli/daemon/workerProcess.ts"
import { failure } from "../../../src/cli/failure.ts"
import { report } from "../../support/reports.ts"

const order = { name: "feed", folder: "/run", log: "/var/log/feed.log", config: "/etc/feed.toml" }
const log: LogFile = {
  file: order.log,
  write: () => undefined,
  reopen: () => undefined,
  lost: () => ({ lostLines: 2, lostBytes: 10, error: "full" })
}
const inner: DaemonReport = {
  name: "feed",
  state: "running",
  version: "0",
  pid: 2,
  since: "",
  uptime: 0,
  config: "",
  connections: [report()]
}

const worker = (ask: (tag: string) => Effect.Effect<unknown, unknown>): WorkerProcess => ({
  pid: 2,
  client: {
    ask: (({ _tag }: { readonly _tag: string }) => ask(_tag)) as WorkerProcess["client"]["ask"],
    gone: Effect.never
  },
  ended: Effect.never,
  kill: () => undefined
})

const shifts = (changes: Partial<Shifts>): Shifts => ({
  worker: () => undefined,
  state: () => "running",
  report: () => ({ restarts: 1 }),
  started: Effect.void,
  run: Effect.never,
  ...changes
})

describe("a supervisor", () => {
  it.effect("adds to its worker's report what it knows itself", () =>
    Effect.gen(function*() {
      const workers = shifts({ worker: () => worker(() => Effect.succeed(inner)) })
      const handlers = yield* supervisorHandlers({ order, log, workers, stop: Effect.void })
      yield* TestClock.adjust(5000)
      expect(yield* handlers.Status({ _tag: "Status" })).toMatchObject({
        name: "feed",
        state: "running",
        pid: process.pid,
        uptime: 5000,
        config: "/etc/feed.toml",
        worker: { restarts: 1 },
        log: { file: "/var/log/feed.log", lostLines: 2, lostBytes: 10, error: "full" },
        connections: [{ name: "feed" }]
      })
    }))

  it.effect("answers alone while there is no worker", () =>
    Effect.gen(function*() {
      const workers = shifts({
        state: () => "restarting",
        report: () => ({ restarts: 1, last: { at: "", message: "It was killed.", stderr: [] } })
      })
      const handlers = yield* supervisorHandlers({ order, log, workers, stop: Effect.void })
      expect(yield* handlers.Status({ _tag: "Status" })).toMatchObject({ state: "restarting", connections: [] })
      expect(yield* Effect.flip(handlers.Reload({ _tag: "Reload" }))).toMatchObject({
        exit: "notRunning",
        message: expect.stringContaining("It was killed.")
      })
    }))

  it.effect("says so where its worker is stuck", () =>
    Effect.gen(function*() {
      const workers = shifts({ worker: () => worker(() => Effect.never) })
      const handlers = yield* supervisorHandlers({ order, log, workers, stop: Effect.void })
      const asked = yield* Effect.forkChild(handlers.Status({ _tag: "Status" }), { startImmediately: true })
      yield* TestClock.adjust(3000)
      expect(yield* Fiber.join(asked)).toMatchObject({ state: "unresponsive", connections: [] })
    }))

  it.effect("passes requests on, and ends when asked to", () =>
    Effect.gen(function*() {
      const asked: Array<string> = []
      const workers = shifts({
        worker: () =>
          worker((tag) =>
            tag === "Close" ? Effect.fail(failure("usage", "no")) : Effect.sync(() => void asked.push(tag))
          )
      })
      let stopped = false
      const handlers = yield* supervisorHandlers({ order, log, workers, stop: Effect.sync(() => stopped = true) })
      yield* handlers.Reload({ _tag: "Reload" })
      yield* handlers.Send({ _tag: "Send", text: "hello" })
      yield* handlers.Reconnect({ _tag: "Reconnect", connection: "a" })
      expect(asked).toEqual(["Reload", "Send", "Reconnect"])
      expect(yield* Effect.flip(handlers.Close({ _tag: "Close", connection: "a" }))).toMatchObject({ message: "no" })
      expect(yield* handlers.Started({ _tag: "Started" })).toEqual({})
      yield* handlers.Stop({ _tag: "Stop" })
      expect(stopped).toBe(true)
      expect((yield* handlers.Status({ _tag: "Status" })).state).toBe("stopping")
    }))
})
