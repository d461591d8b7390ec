import { it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { describe, expect } from "vitest"
import { mistakes } from "../../support/configFiles.ts"

/** What is said of one connection's keys, in YAML. */
const of = (keys: string) =>
  Effect.map(
    mistakes("a.yaml", `connections:\n  feed:\n    url: ws://x\n${keys.replaceAll(/^/gm, "    ")}`),
    (lines) => lines.map((line) => line.replace("connections.feed.", ""))
  )

const sinkTypes = `"stdout", "file", "command", "pipe", "http", "connection" or "websocket"`

describe("a config that is wrong", () => {
  it.effect.each([
    ["hartbeat: 1", `a.yaml:4:5: hartbeat is unknown; did you mean "heartbeat"?`],
    [
      "heartbeat:\n  interval: 25",
      `a.yaml:5:17: heartbeat.interval must be a duration with its unit, such as "25 seconds", "500 ms" or "1m 30s"; got 25`
    ],
    [
      "heartbeat: { interval: 25 parsecs }",
      `a.yaml:4:28: heartbeat.interval must be a duration with its unit, such as "25 seconds", "500 ms" or "1m 30s"; got "25 parsecs"`
    ],
    [
      "heartbeat: true",
      `a.yaml:4:16: heartbeat must be false, or a group such as { interval = "25 seconds", timeout = "15 seconds" }; got true`
    ],
    [
      "heartbeat: { beat: 1 }",
      "a.yaml:4:18: heartbeat.beat is unknown; there are: idle, interval, message, reply, timeout"
    ],
    ["heartbeat: { reply: \"(\", message: x }", `a.yaml:4:25: heartbeat.reply must be a regular expression; got "("`],
    ["heartbeat: { reply: x }", "a.yaml:4:18: heartbeat.reply needs a message that is answered; add heartbeat.message"],
    [
      "maxPayload: 1 XB",
      `a.yaml:4:17: maxPayload must be a size above zero, such as "256 KiB", "1 MB" or a whole number of bytes; got "1 XB"`
    ],
    // What may be a secret is not shown, not even where it is wrong.
    [
      "headers: { x-api-key: 48151623 }",
      `a.yaml:4:27: headers.x-api-key must be a text, or { file = "/path/of/the/secret" }; got a number`
    ],
    [
      "auth: { bearer: 48151623 }",
      `a.yaml:4:21: auth.bearer must be a text, or { file = "/path/of/the/secret" }; got a number`
    ],
    ["count: 9007199254740991", "a.yaml:4:12: count must be a whole number from 1 to 100000; got 9007199254740991"],
    ["to: [constructor]", `a.yaml:4:10: to[0] names no sink: "constructor"; there are: stdout`],
    ["reconnect: { times: -1 }", "a.yaml:4:25: reconnect.times must be a whole number, 0 or more; got -1"],
    ["reconnect: { factor: 0.5 }", "a.yaml:4:26: reconnect.factor must be a finite number of at least 1; got 0.5"],
    [
      "inbound: { overflow: dropOld }",
      `a.yaml:4:26: inbound.overflow must be "backpressure" or "dropOldest" or "dropNewest" or "fail"; got "dropOld"`
    ],
    ["headers: { a: 1 }", `a.yaml:4:19: headers.a must be a text, or { file = "/path/of/the/secret" }; got a number`],
    ["headers: { a: }", `a.yaml:4:19: headers.a is empty; it must be a text, or { file = "/path/of/the/secret" }`],
    ["headers: { upgrade: x }", "a.yaml:4:14: headers \"upgrade\" belongs to the handshake itself: leave it out"],
    [
      "auth: { password: x }",
      `a.yaml:4:11: auth must be either { bearer = "…" } or { username = "…", password = "…" }; got a group of keys`
    ],
    ["tls: { minVersion: TLSv1 }", `a.yaml:4:24: tls.minVersion must be "TLSv1.2" or "TLSv1.3"; got "TLSv1"`],
    ["to: stdout", "a.yaml:4:9: to must be a list; got \"stdout\""],
    ["to: [stdot]", `a.yaml:4:10: to[0] names no sink: "stdot"; did you mean "stdout"?`],
    ["to: [{ type: fiel }]", `a.yaml:4:18: to[0].type "fiel" is unknown; did you mean "file"?`],
    ["to: [{ type: file }]", "a.yaml:4:10: to[0].path is missing"],
    [
      "to: [{ path: x }]",
      `a.yaml:4:10: to[0] must be the name of a sink, or a group whose type is ${sinkTypes}; got a group of keys`
    ],
    [
      "to: [{ type: connection, connection: other }]",
      `a.yaml:4:10: to[0] names no connection: "other"; there are: feed`
    ],
    [
      "to: [{ type: connection, connection: feed }]",
      "a.yaml:4:10: to[0] sends the connection's messages back to itself; name another one"
    ],
    ["from: [stdn]", `a.yaml:4:12: from[0] names no source: "stdn"; did you mean "stdin"?`],
    [
      "closeTimeout: 1 minute",
      `a.yaml:4:19: closeTimeout must be at most "5 seconds", since all is over 8 seconds after a signal; got "1 minute"`
    ],
    ["count: 0", "a.yaml:4:12: count must be a whole number from 1 to 100000; got 0"],
    ["closeCode: 1006", "a.yaml:4:16: closeCode 1006 may not be sent by a client; use 1000, 1001 or 3000 to 4999"],
    ["family: 5", "a.yaml:4:13: family must be 4 or 6; got 5"],
    [
      "timeout: 2001-01-01",
      `a.yaml:4:14: timeout must be a duration with its unit, such as "25 seconds", "500 ms" or "1m 30s"; got "2001-01-01"`
    ],
    ["timeout: { file: secret }", "a.yaml:4:14: timeout cannot be read from secret: NotFound"]
  ])("%s", ([keys, sentence]) =>
    Effect.gen(function*() {
      expect(yield* of(String(keys))).toEqual([String(sentence)])
    }))

  it.effect("is told all that is wrong with it at once, in its order", () =>
    Effect.gen(function*() {
      expect(
        yield* mistakes(
          "a.yaml",
          [
            "nmae: x",
            "http: { listen: 9464 }",
            "defaults:",
            "  timeout: soon",
            "connections:",
            "  feed:",
            "    url: ws://${HOST}/",
            "    to: [nowhere]",
            "    reconnect: yes",
            "  a:",
            "    headers: []"
          ].join("\n")
        )
      ).toEqual([
        `a.yaml:1:1: nmae is unknown; did you mean "name"?`,
        "a.yaml:2:17: http.listen must be a text that is not empty; got 9464",
        `a.yaml:4:12: defaults.timeout must be a duration with its unit, such as "25 seconds", "500 ms" or "1m 30s"; got "soon"`,
        "a.yaml:7:10: connections.feed.url needs the environment variable HOST, which is not set; set it, or write ${HOST:-default}",
        `a.yaml:9:16: connections.feed.reconnect must be false, or a group such as { cap = "30 seconds" }; got "yes"`,
        "a.yaml:11:14: connections.a.headers must be a group of keys; got a list"
      ])
    }))

  it.effect("is told the line of its JSON, and the path of its TOML", () =>
    Effect.gen(function*() {
      expect(yield* mistakes("a.json", `{\n  "connections": {\n    "feed": { "ulr": "ws://x" }\n  }\n}`)).toEqual([
        `a.json:3:15: connections.feed.ulr is unknown; did you mean "url"?`
      ])
      expect(yield* mistakes("a.toml", `[connections.feed]\nulr = "ws://x"`)).toEqual([
        `a.toml: connections.feed.ulr is unknown; did you mean "url"?`
      ])
    }))

  it.effect("that says nothing at all", () =>
    Effect.gen(function*() {
      expect(yield* mistakes("a.yaml", "")).toEqual(["a.yaml: is empty; it must be a group of keys"])
      expect(yield* mistakes("a.toml", "")).toEqual(["a.toml: connections is missing"])
      expect(yield* mistakes("a.json", `{ "connections": {} }`)).toEqual([
        "a.json:1:18: connections is empty; name at least one connection"
      ])
    }))
})
