import { it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import { mkdirSync, readFileSync, renameSync, rmSync } from "node:fs"
import { join } from "node:path"
import { describe, expect } from "vitest"
import { fileSink } from "../../../../src/cli/run/sinks/file.ts"
import { deliveries, eventually, make } from "../../../support/workbench.ts"

describe("a sink that is a file", () => {
  it.live("has a line for each message, and is opened anew when it is asked to", () =>
    Effect.gen(function*() {
      const { folder, reopen, tools } = yield* make()
      const path = join(folder, "log.ndjson")
      const scope = yield* Scope.make()
      const sink = yield* fileSink("archive", { type: "file", path }).pipe(Effect.provide(tools), Scope.provide(scope))
      yield* sink.offer(deliveries("a"))
      yield* eventually(() => read(path).includes(`"text":"a"`) || undefined)
      renameSync(path, `${path}.moved`)
      reopen()
      yield* sink.offer(deliveries("b", new Uint8Array([1])))
      yield* Scope.close(scope, Exit.void)
      expect(read(path).trim().split("\n").map((line) => JSON.parse(line))).toMatchObject([
        { connection: "feed", session: 3, text: "b" },
        { connection: "feed", session: 3, base64: "AQ==" }
      ])
    }))

  it.live("waits for a folder that cannot be written to, and says so", () =>
    Effect.gen(function*() {
      const { folder, noted, notes, tools } = yield* make()
      const path = join(folder, "log")
      mkdirSync(path)
      const scope = yield* Scope.make()
      const sink = yield* fileSink("archive", { type: "file", path, format: "raw" }).pipe(
        Effect.provide(tools),
        Scope.provide(scope)
      )
      yield* sink.offer(deliveries("a"))
      expect(yield* noted("EISDIR")).toBe(
        `error: sink archive: ${path} cannot be written: EISDIR: illegal operation on a directory, open '${path}'; ` +
          "1 message waiting, and it is tried again"
      )
      rmSync(path, { recursive: true })
      yield* noted("takes messages again")
      expect(read(path)).toBe("a\n")
      yield* Scope.close(scope, Exit.void)
      expect(notes.length).toBe(2)
    }))
})

const read = (path: string): string => {
  try {
    return readFileSync(path, "utf8")
  } catch {
    return ""
  }
}
