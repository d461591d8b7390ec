import { it } from "@effect/vitest"
import { ConfigProvider, Effect, FileSystem, Layer, Path, PlatformError } from "effect"
import { describe, expect } from "vitest"
import { load, most } from "../../../src/cli/connect/history.ts"

const failed = PlatformError.systemError({ _tag: "PermissionDenied", module: "FileSystem", method: "open" })

/** A disk with one file, and the history on it. */
const setup = (content: string | undefined, env: Record<string, string> = { XDG_STATE_HOME: "/state" }) => {
  const disk = { path: "", content, mode: 0, folder: "" }
  const fs = FileSystem.layerNoop({
    readFileString: (path) => {
      disk.path = path
      return disk.content === undefined ? Effect.fail(failed) : Effect.succeed(disk.content)
    },
    makeDirectory: (path) => Effect.sync(() => void (disk.folder = path)),
    writeFileString: (path, text, options) =>
      Effect.sync(() => {
        disk.path = path
        disk.mode = options?.mode ?? 0
        disk.content = options?.flag === "a" ? `${disk.content ?? ""}${text}` : text
      })
  })
  return Effect.map(
    load.pipe(
      Effect.provide(Layer.merge(fs, Path.layer)),
      Effect.provideService(ConfigProvider.ConfigProvider, ConfigProvider.fromEnvRecord(env))
    ),
    (history) => ({ disk, history })
  )
}

describe("the history", () => {
  it.effect("is kept in the user's state folder, for nobody else to read", () =>
    Effect.gen(function*() {
      const { disk, history } = yield* setup("one\ntwo\n")
      expect(history.lines).toEqual(["two", "one"])
      yield* history.add("three")
      expect(disk).toEqual({
        path: "/state/holdfast/history",
        folder: "/state/holdfast",
        content: "one\ntwo\nthree\n",
        mode: 0o600
      })
    }))

  it.effect("is under the home folder where nothing else is said, and nowhere without one", () =>
    Effect.gen(function*() {
      const { disk } = yield* setup("", { HOME: "/home/ann", XDG_STATE_HOME: "relative" })
      expect(disk.path).toBe("/home/ann/.local/state/holdfast/history")
      const { disk: other, history } = yield* setup("one\n", {})
      expect({ path: other.path, lines: history.lines }).toEqual({ path: "", lines: [] })
    }))

  it.effect("keeps no secrets behind a space, nothing empty, and nothing twice in a row", () =>
    Effect.gen(function*() {
      const { disk, history } = yield* setup("one\n")
      for (const line of ["one", " secret", "", "  ", "two", "two", "one"]) yield* history.add(line)
      expect(disk.content).toBe("one\ntwo\none\n")
    }))

  it.effect("is cut now and then", () =>
    Effect.gen(function*() {
      const { disk, history } = yield* setup(Array.from({ length: 2 * most + 1 }, (_, i) => `${i}\n`).join(""))
      expect(history.lines).toHaveLength(most)
      expect(history.lines[0]).toBe(`${2 * most}`)
      expect(disk.content?.split("\n")).toHaveLength(most + 1)
    }))

  it.effect("stops nobody where it cannot be read", () =>
    Effect.gen(function*() {
      const { history } = yield* setup(undefined)
      expect(history.lines).toEqual([])
    }))
})
