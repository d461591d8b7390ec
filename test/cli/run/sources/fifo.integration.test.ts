import { it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { spawnSync } from "node:child_process"
import { rmSync, statSync, writeFileSync } from "node:fs"
import { appendFile, stat } from "node:fs/promises"
import { join } from "node:path"
import { describe, expect } from "vitest"
import { makeFifo, readFifo } from "../../../../src/cli/run/sources/fifo.ts"
import * as linesReceived from "../../../support/linesReceived.ts"
import { make } from "../../../support/workbench.ts"

/** Opens for writing, writes and closes, as `echo > fifo` does. */
const write = (path: string, text: string) => Effect.promise(() => appendFile(path, text))

describe("a named pipe", () => {
  it.live("is made where there is none, for us alone", () =>
    Effect.gen(function*() {
      const { folder, tools } = yield* make()
      const path = join(folder, "in")
      yield* Effect.provide(makeFifo({ type: "fifo", path }), tools)
      const made = statSync(path)
      expect([made.isFIFO(), made.mode & 0o777]).toEqual([true, 0o600])
      yield* Effect.provide(makeFifo({ type: "fifo", path }), tools)
    }))

  it.live("is refused where something else has its name, or where it cannot be made", () =>
    Effect.gen(function*() {
      const { folder, tools } = yield* make()
      const path = join(folder, "in")
      writeFileSync(path, "")
      const refused = yield* Effect.flip(Effect.provide(makeFifo({ type: "fifo", path }), tools))
      expect([refused.exit, refused.message]).toEqual(["config", `${path} is no named pipe (FIFO).`])
      const nowhere = join(folder, "no", "in")
      const failed = yield* Effect.flip(Effect.provide(makeFifo({ type: "fifo", path: nowhere }), tools))
      expect(failed.message).toBe(`The named pipe ${nowhere} cannot be made.`)
    }))

  it.live("is read from writer after writer, also one who ends no line", () =>
    Effect.gen(function*() {
      const { folder, tools } = yield* make()
      const path = join(folder, "in")
      yield* Effect.provide(makeFifo({ type: "fifo", path }), tools)
      const receiver = linesReceived.make()
      yield* Effect.forkScoped(readFifo({ type: "fifo", path }, receiver), { startImmediately: true })
      for (let n = 1; n <= 20; n++) {
        yield* write(path, n % 2 === 0 ? `${n}\n` : `${n}`)
        yield* receiver.some(n)
      }
      expect(receiver.lines).toEqual(Array.from({ length: 20 }, (_, index) => `${index + 1}`))
      expect(receiver.told).toEqual([])
    }))

  it.live("that is taken away is told, and found again", () =>
    Effect.gen(function*() {
      const { folder } = yield* make()
      const path = join(folder, "in")
      const receiver = linesReceived.make()
      yield* Effect.forkScoped(readFifo({ type: "fifo", path }, receiver), { startImmediately: true })
      yield* receiver.tells("ENOENT")
      spawnSync("mkfifo", [path])
      yield* write(path, "1\n")
      expect(yield* receiver.some(1)).toEqual(["1"])
      rmSync(path)
    }))

  it.live("that nobody writes to holds none of Node's threads", () =>
    Effect.gen(function*() {
      const { folder } = yield* make()
      for (let n = 0; n < 8; n++) {
        const path = join(folder, `in-${n}`)
        spawnSync("mkfifo", [path])
        yield* Effect.forkScoped(readFifo({ type: "fifo", path }, linesReceived.make()), { startImmediately: true })
      }
      // Needs a thread, and would wait for ever.
      yield* Effect.promise(() => stat(folder))
    }))
})
