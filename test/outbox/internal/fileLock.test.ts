import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { spawnSync } from "node:child_process"
import { acquire } from "../../../src/outbox/internal/fileLock.ts"
import { Disk } from "../../support/disk.ts"

const path = "/box/orders.lock"
const text = (disk: Disk): string => new TextDecoder().decode(disk.files.get(path)?.bytes)
const withLock = (owner: string): Disk => {
  const disk = new Disk()
  const bytes = new TextEncoder().encode(owner)
  disk.files.set(path, { bytes, synced: bytes })
  return disk
}
/** The number of a process that is no more. */
const gone = () => spawnSync("true").pid

describe("the lock of an outbox's file", () => {
  it.effect("names this process, and goes when the scope closes", () =>
    Effect.gen(function*() {
      const disk = new Disk()
      yield* Effect.scoped(Effect.gen(function*() {
        const lock = yield* acquire(disk.fs, path, "orders")
        assert.match(text(disk), new RegExp(`^[0-9a-f]{16} ${process.pid} `))
        yield* lock.check("append")
      }))
      assert.deepStrictEqual([...disk.files.keys()], [])
    }))

  it.effect("is refused where a living process holds it, this one or another", () =>
    Effect.gen(function*() {
      const mine = new Disk()
      yield* acquire(mine.fs, path, "orders")
      for (
        const [disk, pid] of [[mine, process.pid], [
          withLock(`0123456789abcdef ${process.ppid} -`),
          process.ppid
        ]] as const
      ) {
        const before = text(disk)
        const error = yield* Effect.flip(Effect.scoped(acquire(disk.fs, path, "orders")))
        assert.isFalse(error.retryable)
        assert.include(error.message, `the outbox "orders" is open in process ${pid}`)
        assert.strictEqual(text(disk), before)
      }
    }))

  it.effect.each<readonly [string, () => string]>([
    ["whose process is gone", () => `0123456789abcdef ${gone()} -`],
    ["of an earlier process with our number", () => `0123456789abcdef ${process.pid} -`],
    ["whose number has gone to another process", () => `0123456789abcdef ${process.ppid} another-boot/1`],
    ["that was never written out", () => ""],
    ["that says nothing we understand", () => "hands off!"]
  ])("is taken over from one %s", ([, owner]) =>
    Effect.gen(function*() {
      const disk = withLock(owner())
      const lock = yield* acquire(disk.fs, path, "orders")
      assert.include(text(disk), ` ${process.pid} `)
      yield* lock.check("append")
    }))

  it.effect("that was taken over fails its owner's next check, and is left to the new one", () =>
    Effect.gen(function*() {
      const disk = new Disk()
      yield* Effect.scoped(Effect.gen(function*() {
        const lock = yield* acquire(disk.fs, path, "orders")
        disk.files.get(path)!.bytes = new TextEncoder().encode("fedcba9876543210 1 elsewhere/1")
        const error = yield* Effect.flip(lock.check("ack"))
        assert.strictEqual(error.operation, "ack")
        assert.isFalse(error.retryable)
      }))
      assert.include(text(disk), "fedcba9876543210")
    }))

  it.effect("that somebody tidied away is made again", () =>
    Effect.gen(function*() {
      const disk = new Disk()
      const lock = yield* acquire(disk.fs, path, "orders")
      const before = text(disk)
      disk.files.delete(path)
      yield* lock.check("append")
      assert.strictEqual(text(disk), before)
    }))

  it.effect("on a full disk fails for now, and leaves nothing that would refuse the next attempt", () =>
    Effect.gen(function*() {
      const disk = new Disk()
      disk.capacity = 0
      assert.isTrue((yield* Effect.flip(Effect.scoped(acquire(disk.fs, path, "orders")))).retryable)
      disk.capacity = 1000
      yield* acquire(disk.fs, path, "orders")
    }))
})
