import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { headFrame } from "../../../src/outbox/internal/fileFrames.ts"
import { replaceFile } from "../../../src/outbox/internal/fileHandle.ts"
import { FileIndex } from "../../../src/outbox/internal/fileIndex.ts"
import { FileLog } from "../../../src/outbox/internal/fileLog.ts"
import { fenced, type Operation } from "../../../src/outbox/internal/log.ts"
import { Disk } from "../../support/disk.ts"

const path = "/box/orders.outbox"

const newLog = Effect.fnUntraced(
  function*(check: (operation: Operation) => Effect.Effect<void, any> = () => Effect.void) {
    const disk = new Disk()
    const bytes = headFrame({ id: "abc", next: 1 })
    const handle = yield* replaceFile(disk.fs, "/box", path, (file) => file.writeAll(bytes))
    const place = { fs: disk.fs, directory: "/box", path, compactAbove: 1024 * 1024 }
    const log = new FileLog(place, { check }, handle, new FileIndex(), { id: "abc", next: 1 }, bytes.length)
    yield* Effect.addFinalizer(() => log.close)
    return { disk, log }
  }
)

describe("FileLog", () => {
  it.effect("writes a batch at once, and nothing for one that it has", () =>
    Effect.gen(function*() {
      const { disk, log } = yield* newLog()
      const before = disk.writes
      yield* log.append(1, ["1", "2"])
      yield* log.append(1, ["1", "2"])
      assert.strictEqual(disk.writes, before + 1)
    }))

  it.effect("writes acknowledgements of one call as one, and none of what is not there", () =>
    Effect.gen(function*() {
      const { disk, log } = yield* newLog()
      yield* log.append(1, ["1", "2", "3"])
      const before = disk.writes
      yield* log.ack([1, 3])
      yield* log.ack([1, 3, 99])
      assert.strictEqual(disk.writes, before + 1)
    }))

  it.effect("keeps operations that are asked for at once one after the other", () =>
    Effect.gen(function*() {
      const { log } = yield* newLog()
      yield* Effect.all([log.append(1, ["1"]), log.append(2, ["2"]), log.ack([1]), log.append(3, ["3"])], {
        concurrency: "unbounded"
      })
      assert.deepStrictEqual((yield* log.read(0, 10)).map(({ sequence }) => sequence), [2, 3])
    }))

  it.effect("reads messages that lie far apart", () =>
    Effect.gen(function*() {
      const { log } = yield* newLog()
      const large = JSON.stringify("x".repeat(700_000))
      yield* log.append(1, ["\"a\"", large, "\"b\"", large, "\"c\""])
      yield* log.ack([2])
      assert.deepStrictEqual((yield* log.read(0, 10)).map(({ payload }) => payload.length), [3, 3, large.length, 3])
    }))

  it.effect("writes nothing once it is no more the owner", () =>
    Effect.gen(function*() {
      let owner = true
      const { disk, log } = yield* newLog((operation) => owner ? Effect.void : Effect.fail(fenced(operation, "orders")))
      yield* log.append(1, ["1"])
      owner = false
      const before = disk.writes
      yield* Effect.flip(log.append(2, ["2"]))
      yield* Effect.flip(log.ack([1]))
      assert.strictEqual(disk.writes, before)
    }))
})
