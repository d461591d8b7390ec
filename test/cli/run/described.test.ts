import { it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { describe as suite, expect } from "vitest"
import { Output } from "../../../src/cli/output.ts"
import { describe } from "../../../src/cli/run/described.ts"
import { loadText } from "../../support/configFiles.ts"

suite("what was understood", () => {
  it.effect("is a paragraph for each connection, and a sentence on the whole", () =>
    Effect.gen(function*() {
      const lines: Array<unknown> = []
      const output = Output.of({
        json: false,
        level: "info",
        terminal: { stdout: false, stderr: false },
        write: () => Effect.void,
        data: (line, record) => Effect.sync(() => void lines.push(line, record)),
        note: (_level, _event, message) => Effect.sync(() => void lines.push(message)),
        paint: (_style, text) => text
      })
      const config = yield* loadText(
        "feeds.toml",
        `[http]\nlisten = "127.0.0.1:0"\n[connections.feed]\nurl = "wss://x/y?token=z"\nheaders = { a = "b" }\ntimeout = "5 s"`
      )
      yield* Effect.provideService(describe(config, config.plans), Output, output)
      expect(lines).toEqual([
        "feed\n  url: wss://x/y?…\n  headers: {\"a\":\"<secret>\"}\n  timeout: 5 s",
        { connection: "feed", url: "wss://x/y?…", headers: { a: "<secret>" }, timeout: "5 s" },
        "/etc/holdfast/feeds.toml is right: feeds, 1 connection, a page at 127.0.0.1:0."
      ])
    }))
})
