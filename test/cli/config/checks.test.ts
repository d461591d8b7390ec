import { it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { describe, expect } from "vitest"
import { checkMember } from "../../../src/cli/config/checks.ts"
import { connectionOptions } from "../../../src/cli/config/connectionOptions.ts"
import type { ConnectionKeys } from "../../../src/cli/config/schema.ts"

const check = (keys: ConnectionKeys) =>
  Effect.map(
    checkMember({ name: "feed-1", section: "feed", keys }, connectionOptions(keys)),
    (problems) => problems.map(({ path, sentence }) => `${path.join(".")} ${sentence}`)
  )

describe("what the library knows of options", () => {
  it.effect("is nothing where they are right", () =>
    Effect.gen(function*() {
      expect(yield* check({ url: "ws://x", heartbeat: { idle: "1 s" }, reconnect: { times: 0 }, compression: true }))
        .toEqual([])
    }))

  it.effect("is told by the config's names, each part's on its own", () =>
    Effect.gen(function*() {
      expect(
        yield* check({
          url: "wsx://x",
          closeCode: 5,
          reconnect: { factor: 0 },
          tls: { servername: "127.0.0.1" }
        })
      ).toEqual([
        "connections.feed.closeCode 5 may not be sent by a client; use 1000, 1001 or 3000 to 4999",
        "connections.feed.url must begin with ws://, wss://, http://, https:// or ws+unix:",
        `connections.feed.tls.servername must be a host name; got "127.0.0.1"`,
        "connections.feed.reconnect.factor must be a finite number of at least 1; got 0"
      ])
      expect(yield* check({ url: "ws://x", compression: { level: 99 } })).toEqual([
        expect.stringContaining("connections.feed.compression.level must be")
      ])
    }))

  it.effect("a url is needed", () =>
    Effect.gen(function*() {
      expect(yield* check({})).toEqual(["connections.feed.url is missing, here and in defaults"])
    }))
})
