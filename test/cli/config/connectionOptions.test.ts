import { it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import { describe, expect } from "vitest"
import { connectionOptions, headersOf, messageOf } from "../../../src/cli/config/connectionOptions.ts"
import type { GreetSession } from "../../../src/Handshake.ts"

describe("what a connection is told", () => {
  it("is little where the config says little, and shared", () => {
    const options = connectionOptions({ url: "ws://x" })
    expect(Redacted.value(options.url as Redacted.Redacted)).toBe("ws://x")
    expect(options.transport).toBeUndefined()
    expect(options.closeCode).toBe(1001)
    expect(options.inbound).toBe(connectionOptions({ url: "ws://y" }).inbound)
  })

  it("keeps nothing that nobody will read, and everything that somebody does", () => {
    expect(connectionOptions({ url: "ws://x" }).inbound?.unread).toBe("discard")
    expect(connectionOptions({ url: "ws://x", to: ["stdout"] }).inbound).toBeUndefined()
    expect(connectionOptions({ url: "ws://x", inbound: { unread: "pause" } }).inbound?.unread).toBe("pause")
  })

  it("has its durations and sizes as the library has them", () => {
    const options = connectionOptions({
      url: "ws://x",
      timeout: "5 s",
      maxPayload: "1 KiB",
      compression: { threshold: "2 KiB", level: 3 },
      keepAlive: "1 m",
      inbound: { highWaterMark: "1 MiB", maxPause: "1 m" },
      outbound: { rateLimit: { limit: 2, window: "1 s" }, whileDisconnected: { buffer: { bytes: "1 KiB" } } },
      closeTimeout: "2 s",
      closeCode: 4000
    })
    expect(options).toMatchObject({
      timeout: Duration.seconds(5),
      transport: {
        maxPayload: 1024,
        perMessageDeflate: { threshold: 2048, level: 3 },
        keepAlive: Duration.minutes(1)
      },
      inbound: { highWaterMark: 1_048_576, maxPause: Duration.minutes(1) },
      outbound: {
        rateLimit: { limit: 2, window: Duration.seconds(1) },
        whileDisconnected: { buffer: { bytes: 1024 } }
      },
      closeTimeout: Duration.seconds(2),
      closeCode: 4000
    })
  })

  it("has secrets only as secrets", () => {
    const headers = headersOf({ headers: { Cookie: "abc" }, auth: { username: "me", password: Redacted.make("xyz") } })
    expect(Object.entries(headers ?? {}).map(([name, value]) => [name, Redacted.value(value)])).toEqual([
      ["cookie", "abc"],
      ["authorization", `Basic ${btoa("me:xyz")}`]
    ])
    expect(Redacted.value(headersOf({ auth: { bearer: "t" } })!["authorization"]!)).toBe("Bearer t")
    const { transport } = connectionOptions({
      url: "ws://x",
      tls: { key: "abc", passphrase: "xyz", ca: [Redacted.make("pem")] }
    })
    expect(JSON.stringify(transport)).not.toMatch(/abc|xyz/)
  })

  it("has a heartbeat of the kind that is meant", () => {
    const heartbeat = (keys: NonNullable<Parameters<typeof connectionOptions>[0]["heartbeat"]>) =>
      connectionOptions({ url: "ws://x", heartbeat: keys }).heartbeat
    expect(heartbeat(false)).toBe(false)
    expect(heartbeat({ interval: "5 s" })).toEqual({ interval: Duration.seconds(5), timeout: undefined })
    expect(Layer.isLayer(heartbeat({ idle: "5 s" }))).toBe(true)
    expect(Layer.isLayer(heartbeat({ message: "ping", reply: "pong" }))).toBe(true)
    expect(Layer.isLayer(heartbeat({ idle: "5 s", interval: "1 s" }))).toBe(true)
  })
})

describe("a message", () => {
  it("is text, bytes, JSON or a secret", () => {
    expect(messageOf("a")).toBe("a")
    expect(messageOf(Redacted.make("a"))).toBe("a")
    expect(messageOf({ base64: "AAE=" })).toEqual(new Uint8Array([0, 1]))
    expect(messageOf({ json: { a: [1] } })).toBe(`{"a":[1]}`)
  })
})

describe("an introduction", () => {
  it.effect("sends its messages and waits for the reply", () =>
    Effect.gen(function*() {
      const { greet } = connectionOptions({ url: "ws://x", greet: { send: ["a", { json: 1 }], reply: "^ok" } })
      const sent: Array<unknown> = []
      const replies = ["no", "ok then", "never read"]
      const session: GreetSession = {
        endpoint: "ws://x/",
        subprotocol: Option.none(),
        response: Option.none(),
        send: (message) => Effect.sync(() => void sent.push(message)),
        receive: Effect.sync(() => replies.shift() ?? ""),
        end: () => Effect.void
      }
      yield* greet!(session)
      expect(sent).toEqual(["a", "1"])
      expect(replies).toEqual(["never read"])
    }))
})
