import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import * as NodePath from "@effect/platform-node/NodePath"
import { it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Scope from "effect/Scope"
import { TestClock } from "effect/testing"
import { spawnSync } from "node:child_process"
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { describe, expect } from "vitest"
import { rotatingFile, type RotatingFileOptions } from "../../../src/cli/run/rotatingFile.ts"
import { systemCause } from "../../../src/cli/systemCause.ts"
import { requires } from "../../setup/requirements.ts"
import { folder } from "../../support/workbench.ts"

const layer = Layer.merge(NodeFileSystem.layer, NodePath.layer)
const bytes = (text: string) => Buffer.from(text)
const make = (options: RotatingFileOptions) => Effect.provide(rotatingFile(options), layer)
const all = (path: string) =>
  Object.fromEntries(readdirSync(path).toSorted().map((name) => [name, readFileSync(join(path, name), "utf8")]))

describe("a file that grows", () => {
  it.effect("is appended to, in a folder that is made", () =>
    Effect.gen(function*() {
      const path = join(yield* folder, "a", "b", "log")
      const file = yield* make({ path })
      yield* file.write(bytes("1\n"))
      yield* file.write(bytes("2\n"))
      expect(readFileSync(path, "utf8")).toBe("1\n2\n")
      expect(statSync(path).mode & 0o777).toBe(0o640)
    }))

  it.effect("is set aside before it is too large, and so many are kept", () =>
    Effect.gen(function*() {
      const path = yield* folder
      const file = yield* make({ path: join(path, "log"), maxSize: 8, maxFiles: 2 })
      for (const line of ["aaa\n", "bbb\n", "ccc\n", "longer than all\n", "ddd\n"]) yield* file.write(bytes(line))
      expect(all(path)).toEqual({ log: "ddd\n", "log.1": "longer than all\n", "log.2": "ccc\n" })
      const none = yield* make({ path: join(path, "none"), maxSize: 4, maxFiles: 0 })
      for (const line of ["aaa\n", "bbb\n"]) yield* none.write(bytes(line))
      expect(readdirSync(path).filter((name) => name.startsWith("none"))).toEqual(["none"])
      expect(readFileSync(join(path, "none"), "utf8")).toBe("bbb\n")
    }))

  it.effect("is set aside each day, by UTC", () =>
    Effect.gen(function*() {
      const path = yield* folder
      yield* TestClock.setTime(Date.UTC(2030, 0, 1, 23, 59, 59))
      const file = yield* make({ path: join(path, "log"), every: "day" })
      yield* file.write(bytes("yesterday\n"))
      yield* TestClock.adjust("1 second")
      yield* file.write(bytes("today\n"))
      yield* TestClock.adjust("23 hours")
      yield* file.write(bytes("still today\n"))
      expect(all(path)).toEqual({ log: "today\nstill today\n", "log.1": "yesterday\n" })
    }))

  it.effect("of another day is set aside also by who starts today", () =>
    Effect.gen(function*() {
      const path = yield* folder
      writeFileSync(join(path, "log"), "long ago\n")
      yield* TestClock.setTime(Date.UTC(2100, 0, 1))
      const file = yield* make({ path: join(path, "log"), every: "week" })
      yield* file.write(bytes("now\n"))
      expect(all(path)).toEqual({ log: "now\n", "log.1": "long ago\n" })
    }))

  it.effect("is opened by its name again when it is asked to", () =>
    Effect.gen(function*() {
      const path = yield* folder
      const file = yield* make({ path: join(path, "log") })
      yield* file.write(bytes("1\n"))
      renameSync(join(path, "log"), join(path, "moved"))
      yield* file.write(bytes("2\n"))
      file.reopen()
      yield* file.write(bytes("3\n"))
      expect(all(path)).toEqual({ log: "3\n", moved: "1\n2\n" })
    }))

  it.effect("says why it cannot be written, and can be later", () =>
    Effect.gen(function*() {
      const path = join(yield* folder, "log")
      mkdirSync(path)
      const file = yield* make({ path })
      expect(systemCause(yield* Effect.flip(file.write(bytes("1\n"))))).toContain("EISDIR")
      rmSync(path, { recursive: true })
      yield* file.write(bytes("1\n"))
      expect(readFileSync(path, "utf8")).toBe("1\n")
    }))

  it.effect("may be a device, which is neither cut nor set aside", () =>
    Effect.gen(function*() {
      const full = yield* make({ path: "/dev/full", maxSize: 1 })
      expect(systemCause(yield* Effect.flip(full.write(bytes("1\n"))))).toContain("ENOSPC")
      const nothing = yield* make({ path: "/dev/null", maxSize: 1 })
      yield* nothing.write(bytes("1\n"))
      yield* nothing.write(bytes("2\n"))
      expect(statSync("/dev/full").isCharacterDevice() && statSync("/dev/null").isCharacterDevice()).toBe(true)
    }))

  it.effect.skipIf(!requires("tmpfs").available)(
    "on a disk that is full has no half of a line",
    () =>
      Effect.gen(function*() {
        const path = yield* folder
        yield* Effect.acquireRelease(
          Effect.sync(() => spawnSync("mount", ["-t", "tmpfs", "-o", "size=64k", "tmpfs", path])),
          () => Effect.sync(() => spawnSync("umount", [path]))
        )
        const scope = yield* Scope.make()
        const file = yield* Scope.provide(make({ path: join(path, "log") }), scope)
        const line = bytes(`${"x".repeat(9999)}\n`)
        for (let i = 0; i < 6; i++) yield* file.write(line)
        expect(systemCause(yield* Effect.flip(file.write(line)))).toContain("ENOSPC")
        expect(statSync(join(path, "log")).size).toBe(60_000)
        writeFileSync(join(path, "log"), "")
        yield* file.write(line)
        expect(readFileSync(join(path, "log"), "utf8")).toBe(line.toString())
        yield* Scope.close(scope, Exit.void)
      })
  )
})
