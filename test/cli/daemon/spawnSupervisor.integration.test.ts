import { it } from "@effect/vitest"
import { Effect, FileSystem } from "effect"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { describe, expect } from "vitest"
import { spawnSupervisor } from "../../../src/cli/daemon/spawnSupervisor.ts"
import * as platform from "../../support/nodePlatform.ts"
import { programIs } from "../../support/programArgument.ts"

const spawned = (script: string, log?: string) =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const folder = yield* fs.makeTempDirectoryScoped()
    const program = join(folder, "stub.cjs")
    yield* fs.writeFileString(program, script)
    yield* programIs(program)
    const file = log ?? join(folder, "feed.log")
    const result = yield* Effect.result(
      spawnSupervisor({ name: "feed", folder, log: file, config: "/etc/feed.toml" })
    )
    return { result, log: () => readFileSync(file, "utf8") }
  }).pipe(Effect.provide(platform.layer))

const saying = (line: string) => `require("node:fs").writeSync(3, ${JSON.stringify(line)} + "\\n")`

describe("a supervisor that is started", () => {
  it.live("is known by its pid once it has the socket", () =>
    Effect.gen(function*() {
      const { result } = yield* spawned(saying("{\"claimed\":4711}"))
      expect(result).toMatchObject({ _tag: "Success", success: 4711 })
    }))

  it.live("may refuse", () =>
    Effect.gen(function*() {
      const { result } = yield* spawned(saying("{\"exit\":\"alreadyRunning\",\"message\":\"it runs\"}"))
      expect(result).toMatchObject({ _tag: "Failure", failure: { exit: "alreadyRunning", message: "it runs" } })
      const strange = yield* spawned(saying("what?"))
      expect(strange.result).toMatchObject({ failure: { exit: "failure" } })
    }))

  it.live("that dies before it could say anything has its last words in the log", () =>
    Effect.gen(function*() {
      const { log, result } = yield* spawned("throw new Error('out of order')")
      expect(result).toMatchObject({ failure: { exit: "failure", message: expect.stringContaining("with code 1") } })
      expect(log()).toContain("out of order")
    }))

  it.live("is not started without a log, unless the disk is full", () =>
    Effect.gen(function*() {
      const nowhere = yield* spawned(saying("{\"claimed\":1}"), "/nowhere/feed.log")
      expect(nowhere.result).toMatchObject({ failure: { exit: "output" } })
      const full = yield* spawned(saying("{\"claimed\":1}"), "/dev/full")
      expect(full.result).toMatchObject({ success: 1 })
    }))
})
