import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { open } from "../../../src/outbox/internal/fileStore.ts"
import type { OutboxLog, OutboxStoreError } from "../../../src/outbox/internal/log.ts"
import { Disk } from "../../support/disk.ts"
import { heard } from "../../support/protocol.ts"

const path = "/box/orders.outbox"

/** Opens, uses, and leaves behind, as a process does. */
const process = <A, E>(disk: Disk, use: (log: OutboxLog) => Effect.Effect<A, E>, compactAbove = 1024 * 1024) =>
  Effect.scoped(Effect.flatMap(open(disk.fs, { directory: "/box", compactAbove }, "orders"), use))

const payloads = (log: OutboxLog) => Effect.map(log.read(0, 10_000), (found) => found.map(({ payload }) => payload))
const left = (disk: Disk) => process(disk, (log) => Effect.map(payloads(log), (found) => ({ found, next: log.next })))

/** A disk with two batches, and where the second begins. */
const twoBatches = Effect.gen(function*() {
  const disk = new Disk()
  let second = 0
  yield* process(disk, (log) =>
    Effect.gen(function*() {
      yield* log.append(1, ["\"one\"", "\"two\""])
      yield* log.ack([1])
      second = disk.files.get(path)!.bytes.length
      yield* log.append(3, ["\"three\"", "\"four\"", "\"five\""])
    }))
  return { bytes: disk.files.get(path)!.bytes, second }
})

const diskWith = (bytes: Uint8Array): Disk => {
  const disk = new Disk()
  disk.files.set(path, { bytes, synced: bytes })
  return disk
}

describe("the file of an outbox", () => {
  it.effect("is synced once for each batch, and not for acknowledgements", () =>
    Effect.gen(function*() {
      const disk = new Disk()
      yield* process(disk, (log) =>
        Effect.gen(function*() {
          const before = disk.syncs
          yield* log.append(1, ["1", "2", "3"])
          assert.strictEqual(disk.syncs, before + 1)
          yield* log.ack([1, 2])
          assert.strictEqual(disk.syncs, before + 1)
        }))
    }))

  it.effect("that was cut anywhere within its last batch loses that batch alone, with a warning, and goes on", () =>
    Effect.gen(function*() {
      const { bytes, second } = yield* twoBatches
      for (let length = second; length < bytes.length; length++) {
        const lines: Array<string> = []
        const disk = diskWith(bytes.slice(0, length))
        yield* heard((heardLines) =>
          Effect.gen(function*() {
            assert.deepStrictEqual(yield* left(disk), { found: ["\"two\""], next: 3 }, `cut at ${length}`)
            lines.push(...heardLines)
          })
        )
        assert.strictEqual(lines.length, length === second ? 0 : 1)
        yield* process(disk, (log) => log.append(3, ["\"again\""]))
        assert.deepStrictEqual(yield* left(disk), { found: ["\"two\"", "\"again\""], next: 4 })
      }
    }))

  it.effect("in which any bit is wrong is refused, and not changed", () =>
    Effect.gen(function*() {
      const { bytes } = yield* twoBatches
      for (let at = 0; at < bytes.length; at++) {
        for (const bit of [0, 3, 7]) {
          const flipped = bytes.slice()
          flipped[at]! ^= 1 << bit
          const disk = diskWith(flipped)
          const error: OutboxStoreError = yield* Effect.flip(left(disk))
          assert.isFalse(error.retryable)
          assert.match(error.message, /orders\.outbox is damaged at byte \d+: .* Nothing was changed/)
          assert.deepStrictEqual(disk.files.get(path)!.bytes, flipped)
        }
      }
    }))

  it.effect("whose last batch has sectors that were never written loses that batch alone", () =>
    heard(() =>
      Effect.gen(function*() {
        const disk = new Disk()
        yield* process(disk, (log) => log.append(1, ["\"kept\""]))
        const second = disk.files.get(path)!.bytes.length
        yield* process(disk, (log) => log.append(2, [JSON.stringify("x".repeat(3000))]))
        const { bytes } = disk.files.get(path)!
        for (let sector = Math.ceil(second / 512) * 512; sector + 512 <= bytes.length; sector += 512) {
          const zeroed = bytes.slice()
          zeroed.fill(0, sector, sector + 512)
          assert.deepStrictEqual(yield* left(diskWith(zeroed)), { found: ["\"kept\""], next: 2 })
        }
        const allZero = bytes.slice()
        allZero.fill(0, second)
        assert.deepStrictEqual(yield* left(diskWith(allZero)), { found: ["\"kept\""], next: 2 })
      })
    ))

  it.effect("with such sectors before a sound batch is damaged", () =>
    Effect.gen(function*() {
      const disk = new Disk()
      yield* process(disk, (log) =>
        Effect.andThen(log.append(1, [JSON.stringify("x".repeat(3000))]), log.append(2, ["\"after\""])))
      const zeroed = disk.files.get(path)!.bytes.slice()
      zeroed.fill(0, 1024, 1536)
      assert.isFalse((yield* Effect.flip(left(diskWith(zeroed)))).retryable)
    }))

  it.effect("that is none is refused", () =>
    Effect.gen(function*() {
      for (const text of ["", "H", "a diary, of all things: dear diary, today I moved house"]) {
        const error = yield* Effect.flip(left(diskWith(new TextEncoder().encode(text))))
        assert.include(error.message, "it does not begin as an outbox does")
      }
    }))
})

describe("a full disk", () => {
  it.effect("fails the batch, and takes it whole once there is room", () =>
    Effect.gen(function*() {
      const disk = new Disk()
      yield* process(disk, (log) =>
        Effect.gen(function*() {
          yield* log.append(1, ["\"one\""])
          disk.capacity = disk.files.get(path)!.bytes.length + 40
          const error = yield* Effect.flip(log.append(2, ["\"two, which does not fit\"", "\"three\""]))
          assert.isTrue(error.retryable)
          assert.include(error.message, "ENOSPC")
          assert.deepStrictEqual(yield* payloads(log), ["\"one\""])
          disk.capacity = Number.POSITIVE_INFINITY
          yield* log.append(2, ["\"two, which does not fit\"", "\"three\""])
        }))
      assert.deepStrictEqual((yield* left(disk)).found, ["\"one\"", "\"two, which does not fit\"", "\"three\""])
    }))

  it.effect("holds up no acknowledgement, and has it written later", () =>
    Effect.gen(function*() {
      const disk = new Disk()
      yield* process(disk, (log) =>
        Effect.gen(function*() {
          yield* log.append(1, ["1", "2", "3"])
          disk.capacity = 0
          yield* log.ack([2])
          assert.deepStrictEqual(yield* payloads(log), ["1", "3"])
          disk.capacity = Number.POSITIVE_INFINITY
          yield* log.ack([1])
        }))
      assert.deepStrictEqual((yield* left(disk)).found, ["3"])
    }))
})

describe("a sync that fails", () => {
  it.effect("has the batch written anew, and the acknowledgements since the last one, too", () =>
    Effect.gen(function*() {
      const disk = new Disk()
      yield* process(disk, (log) =>
        Effect.gen(function*() {
          yield* log.append(1, ["1", "2"])
          yield* log.ack([1])
          disk.failingSyncs = 1
          assert.isTrue((yield* Effect.flip(log.append(3, ["3"]))).retryable)
          // The kernel has forgotten what was not synced: only what is written after this counts.
          disk.crash(path, ({ synced }) => synced)
          yield* log.append(3, ["3"])
        }))
      assert.deepStrictEqual((yield* left(disk)).found, ["2", "3"])
    }))
})

describe("a power failure", () => {
  it.effect("loses no batch that was accepted, whatever of the rest has reached the disk", () =>
    heard(() =>
      Effect.gen(function*() {
        for (let kept = 0; kept <= 200; kept += 5) {
          const disk = new Disk()
          yield* process(disk, (log) =>
            Effect.gen(function*() {
              yield* log.append(1, ["1", "2"])
              yield* log.ack([1])
              disk.failingSyncs = 1
              yield* Effect.ignore(log.append(3, [JSON.stringify("never accepted")]))
            }))
          disk.crash(path, ({ bytes, synced }) => bytes.slice(0, Math.min(bytes.length, synced.length + kept)))
          const { found } = yield* left(disk)
          assert.deepStrictEqual(found.filter((payload) => payload === "2"), ["2"])
        }
      })
    ))
})

describe("compaction", () => {
  it.effect("keeps the file small, the messages, their numbers and the id", () =>
    Effect.gen(function*() {
      const disk = new Disk()
      const id = yield* process(disk, (log) =>
        Effect.gen(function*() {
          for (let number = 1; number <= 2000; number++) {
            yield* log.append(number, [JSON.stringify(`message ${number}`)])
            // One in a hundred is never acknowledged.
            if (number % 100 !== 0) yield* log.ack([number])
            assert.isBelow(disk.files.get(path)!.bytes.length, 8192)
          }
          assert.deepStrictEqual(yield* payloads(log), hundreds)
          return log.id
        }), 4096)
      yield* process(disk, (log) =>
        Effect.gen(function*() {
          assert.deepStrictEqual([log.id, log.next, log.pending], [id, 2001, 20])
          assert.deepStrictEqual(yield* payloads(log), hundreds)
        }))
      assert.deepStrictEqual([...disk.files.keys()], [path])
    }))

  it.effect("that finds no room changes nothing, and is tried again", () =>
    Effect.gen(function*() {
      const disk = new Disk()
      yield* process(disk, (log) =>
        Effect.gen(function*() {
          yield* log.append(1, [JSON.stringify("x".repeat(3000)), JSON.stringify("y".repeat(1000))])
          disk.capacity = disk.files.get(path)!.bytes.length + 200
          yield* log.ack([1])
          assert.strictEqual((yield* payloads(log)).length, 1)
          disk.capacity = Number.POSITIVE_INFINITY
          yield* log.append(3, ["\"z\""])
          yield* log.ack([3])
          assert.isBelow(disk.files.get(path)!.bytes.length, 1500)
        }), 1024)
      assert.strictEqual((yield* left(disk)).found.length, 1)
      assert.deepStrictEqual([...disk.files.keys()], [path])
    }))
})

const hundreds = Array.from({ length: 20 }, (_, index) => JSON.stringify(`message ${(index + 1) * 100}`))
