import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { openFile, readExactly, replaceFile } from "../../../src/outbox/internal/fileHandle.ts"
import { Disk } from "../../support/disk.ts"

const path = "/box/orders.outbox"
const bytes = (text: string) => new TextEncoder().encode(text)
const on = (disk: Disk, text: string) => disk.files.set(path, { bytes: bytes(text), synced: bytes(text) })

describe("replaceFile", () => {
  it.effect("puts a synced file in the place of the old one, open for more", () =>
    Effect.gen(function*() {
      const disk = new Disk()
      on(disk, "old")
      const { close, file } = yield* replaceFile(disk.fs, "/box", path, (file) => file.writeAll(bytes("new")))
      assert.deepStrictEqual([...disk.files.keys()], [path])
      assert.deepStrictEqual(disk.files.get(path)!.synced, bytes("new"))
      yield* file.writeAll(bytes("er"))
      assert.deepStrictEqual(disk.files.get(path)!.bytes, bytes("newer"))
      yield* close
    }))

  it.effect("leaves the old one as it is where it fails, and nothing else", () =>
    Effect.gen(function*() {
      const disk = new Disk()
      on(disk, "old")
      disk.failingSyncs = 1
      yield* Effect.flip(replaceFile(disk.fs, "/box", path, (file) => file.writeAll(bytes("new"))))
      assert.deepStrictEqual([...disk.files.keys()], [path])
      assert.deepStrictEqual(disk.files.get(path)!.bytes, bytes("old"))
    }))
})

describe("readExactly", () => {
  it.effect("reads from where it is told, and fails where the file ends before", () =>
    Effect.gen(function*() {
      const disk = new Disk()
      on(disk, "0123456789")
      const { close, file } = yield* openFile(disk.fs, path, "r+")
      assert.deepStrictEqual(yield* readExactly(file, 3, 4), bytes("3456"))
      const error = yield* Effect.flip(readExactly(file, 8, 4))
      assert.strictEqual(error.reason._tag, "UnexpectedEof")
      yield* close
    }))
})

describe("openFile", () => {
  it.effect("fails where there is no file", () =>
    Effect.gen(function*() {
      assert.strictEqual((yield* Effect.flip(openFile(new Disk().fs, path, "r+"))).reason._tag, "NotFound")
    }))
})
