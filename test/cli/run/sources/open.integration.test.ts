import { it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { describe, expect } from "vitest"
import type { Source } from "../../../../src/cli/config/schema.ts"
import { openSource } from "../../../../src/cli/run/sources/open.ts"
import type { ConnectionService } from "../../../../src/Connection.ts"
import { eventually, make } from "../../../support/workbench.ts"

describe("every kind of source", () => {
  it.live("sends on its connection for the life of the scope", () =>
    Effect.gen(function*() {
      const bench = yield* make()
      const path = join(bench.folder, "log")
      writeFileSync(path, "from the file\n")
      const sent: Array<unknown> = []
      const connection = {
        name: "feed",
        send: (message: unknown) => Effect.sync(() => void sent.push(message))
      } as unknown as ConnectionService
      const sources: ReadonlyArray<Source> = [
        { type: "stdin" },
        { type: "file", path, start: "beginning" },
        { type: "fifo", path: join(bench.folder, "fifo") },
        { type: "command", command: ["echo", "from the command"], restart: false }
      ]
      yield* Effect.scoped(Effect.gen(function*() {
        for (const source of sources) yield* openSource({ name: source.type, source }, connection)
        yield* eventually(() => sent.length === 2 || undefined)
      })).pipe(Effect.provide(bench.tools))
      expect(new Set(sent)).toEqual(new Set(["from the command", "from the file"]))
    }))
})
