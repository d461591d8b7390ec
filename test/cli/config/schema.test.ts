import * as Schema from "effect/Schema"
import { describe, expect, it } from "vitest"
import { ConfigFile, Sink, Source } from "../../../src/cli/config/schema.ts"

const strict = { onExcessProperty: "error" } as const

describe("the Schema of a config", () => {
  it("takes everything that a connection can be told", () => {
    const feed = {
      url: "wss://feed.example",
      headers: { a: "b" },
      auth: { bearer: "x" },
      subprotocols: ["v2"],
      requireSubprotocol: false,
      timeout: "5 s",
      heartbeat: { interval: "10 s", timeout: "5 s", message: { json: { op: "ping" } }, reply: "pong", idle: "1 m" },
      reconnect: { first: "1 s", base: "1 s", factor: 2, cap: "1 m", times: 3, during: "1 h", resetAfter: "Infinity" },
      tls: { ca: ["x"], cert: "x", key: "x", passphrase: "x", servername: "x", rejectUnauthorized: false },
      proxy: "env",
      maxPayload: 1024,
      compression: { threshold: "1 KiB", level: 1 },
      keepAlive: false,
      family: 4,
      inbound: { highWaterMark: "1 MiB", overflow: "dropOldest", unread: "pause", maxPause: "1 m" },
      outbound: {
        highWaterMark: "1 MiB",
        whileDisconnected: { buffer: { messages: 10, bytes: "1 KiB" }, overflow: "fail" },
        rateLimit: { limit: 10, window: "1 s" }
      },
      greet: { send: ["hello", { base64: "AAE=" }], reply: "^ok", timeout: "2 s" },
      closeTimeout: "1 s",
      closeCode: 1000,
      count: 3,
      to: ["stdout"],
      from: ["stdin"]
    }
    const config = { name: "feeds", connections: { feed } }
    expect(Schema.decodeUnknownSync(ConfigFile)(config, strict)).toEqual(config)
  })

  it("takes every sink", () => {
    const queued = { queue: 10, queueSize: "1 MiB", onFull: "drop" } as const
    const sinks: ReadonlyArray<Sink> = [
      { type: "stdout", format: "ndjson", ...queued },
      { type: "file", path: "x", maxSize: "1 MiB", maxFiles: 0, every: "day", ...queued },
      { type: "command", command: ["a", "b"], concurrency: 2, timeout: "1 s", ...queued },
      { type: "pipe", command: "a | b", restart: { first: "1 s" }, ...queued },
      {
        type: "http",
        url: "http://x",
        batch: { messages: 2, within: "1 s" },
        retry: { during: "Infinity" },
        ...queued
      },
      { type: "http", url: "http://x", retry: false },
      { type: "connection", connection: "x", ...queued },
      { type: "websocket", url: "ws://x", tls: {}, ...queued }
    ]
    for (const sink of sinks) expect(Schema.decodeUnknownSync(Sink)(sink, strict)).toEqual(sink)
  })

  it("takes every source", () => {
    const sources: ReadonlyArray<Source> = [
      { type: "stdin", format: "base64" },
      { type: "file", path: "x", start: "beginning", every: "1 s" },
      { type: "fifo", path: "x", create: false },
      { type: "command", command: "x", restart: false }
    ]
    for (const source of sources) expect(Schema.decodeUnknownSync(Source)(source, strict)).toEqual(source)
  })
})
