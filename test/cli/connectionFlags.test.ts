import { it } from "@effect/vitest"
import { Effect, Option, Redacted } from "effect"
import { describe, expect } from "vitest"
import { connectionFlags } from "../../src/cli/connectionFlags.ts"
import { parsed } from "../support/flags.ts"

describe("connection flags", () => {
  it.effect("are all optional", () =>
    Effect.gen(function*() {
      const flags = yield* parsed(connectionFlags, [])
      expect(flags).toMatchObject({
        subprotocol: [],
        header: [],
        ca: [],
        noCheck: false,
        location: false,
        compress: false,
        auth: Option.none()
      })
    }))

  it.effect("have the short forms of wscat", () =>
    Effect.gen(function*() {
      const flags = yield* parsed(connectionFlags, [
        ...["-s", "chat", "-s", "news,weather", "-H", "X-One: 1", "-H", "X-Two: 2"],
        ...["-o", "https://page.example", "-n", "-L"]
      ])
      expect(flags.subprotocol).toEqual(["chat", "news,weather"])
      expect(flags.header.map(Redacted.value)).toEqual(["X-One: 1", "X-Two: 2"])
      expect(flags).toMatchObject({ origin: Option.some("https://page.example"), noCheck: true, location: true })
    }))

  it.effect("never print what may be a secret", () =>
    Effect.gen(function*() {
      const flags = yield* parsed(connectionFlags, [
        ...["-H", "Authorization: secret", "--auth", "user:secret"],
        ...["--passphrase", "secret", "--proxy", "http://user:secret@proxy"]
      ])
      expect(JSON.stringify(flags)).not.toContain("secret")
    }))

  it.effect("say what a duration and a size look like", () =>
    Effect.gen(function*() {
      const messages = yield* Effect.forEach(
        [["--handshake-timeout", "soon"], ["--max-payload", "big"], ["--family", "5"]],
        (args) => Effect.map(Effect.flip(parsed(connectionFlags, args)), (error) => JSON.stringify(error))
      )
      expect(messages[0]).toContain("250ms, 30s or 5m")
      expect(messages[1]).toContain("64KiB")
      expect(messages[2]).toContain("family")
    }))
})
