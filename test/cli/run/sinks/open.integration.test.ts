import { it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { join } from "node:path"
import { describe, expect } from "vitest"
import type { Sink } from "../../../../src/cli/config/schema.ts"
import { openSink } from "../../../../src/cli/run/sinks/open.ts"
import { make } from "../../../support/workbench.ts"

describe("every kind of sink", () => {
  it.live("opens and closes without a message", () =>
    Effect.gen(function*() {
      const bench = yield* make()
      const sinks: ReadonlyArray<Sink> = [
        { type: "stdout" },
        { type: "file", path: join(bench.folder, "x") },
        { type: "command", command: "cat" },
        { type: "pipe", command: "cat" },
        { type: "http", url: "http://127.0.0.1:1" },
        { type: "connection", connection: "other" },
        { type: "websocket", url: "ws://127.0.0.1:1" }
      ]
      for (const sink of sinks) {
        const opened = yield* Effect.scoped(openSink({ key: sink.type, name: sink.type, sink })).pipe(
          Effect.provide(bench.tools)
        )
        expect(opened.name).toBe(sink.type)
      }
      expect(bench.notes).toEqual([])
    }))
})
