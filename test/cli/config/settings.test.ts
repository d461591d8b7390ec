import * as Redacted from "effect/Redacted"
import { describe, expect, it } from "vitest"
import { settingsOf } from "../../../src/cli/config/settings.ts"

describe("settings", () => {
  it("are numbers and absolute paths", () => {
    const { problems, settings } = settingsOf({
      connections: {},
      http: { listen: "127.0.0.1:9464", token: "abc" },
      log: { file: "x.log", maxSize: "1 MiB", maxFiles: 3 },
      daemon: { folder: "run", wait: "10 s", restart: { limit: 5, within: "1 minute", first: "1 s", cap: "30 s" } }
    }, (path) => `/etc/${path}`)
    expect(problems).toEqual([])
    expect(settings).toEqual({
      http: { host: "127.0.0.1", port: 9464, token: Redacted.make("abc") },
      log: { file: "/etc/x.log", maxSize: 1_048_576, maxFiles: 3 },
      daemon: { folder: "/etc/run", wait: 10_000, restart: { limit: 5, within: 60_000, first: 1000, cap: 30_000 } }
    })
  })

  it("say what is wrong with an address", () => {
    const { problems } = settingsOf({ connections: {}, http: { listen: "9464" } }, String)
    expect(problems).toEqual([{
      path: ["http", "listen"],
      sentence: `must be HOST:PORT, such as "127.0.0.1:9464"; got "9464"`
    }])
  })
})
