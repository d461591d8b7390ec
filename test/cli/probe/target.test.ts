import { it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import { describe, expect } from "vitest"
import { firstHop, target } from "../../../src/cli/probe/target.ts"

describe("what is probed", () => {
  it.effect("is the request that the library would make", () =>
    Effect.gen(function*() {
      const made = yield* target({
        url: Redacted.make("https://me:pw@feed.example/v2"),
        subprotocols: ["chat"],
        timeout: "3 seconds",
        transport: { perMessageDeflate: true }
      })
      expect(made.deadline).toEqual(Duration.seconds(3))
      expect(made.request.extensions).toEqual(made.config.extensions)
      expect(firstHop(made.request)).toMatchObject({
        url: "wss://feed.example/v2",
        endpoint: "wss://feed.example/v2",
        subprotocols: ["chat"],
        headers: { authorization: expect.stringContaining("Basic ") }
      })
    }))

  it.effect("has ten seconds for each step, unless it is told otherwise", () =>
    Effect.gen(function*() {
      expect((yield* target({ url: "ws://a" })).deadline).toEqual(Duration.seconds(10))
    }))

  it.effect("is refused where it can never be", () =>
    Effect.gen(function*() {
      expect(yield* Effect.flip(target({ url: "ftp://a" }))).toMatchObject({ exit: "usage" })
      expect(yield* Effect.flip(target({ url: "ws://a", transport: { proxy: "socks5://b" } }))).toMatchObject({
        exit: "usage",
        message: expect.stringContaining("--proxy")
      })
    }))
})
