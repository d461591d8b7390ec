import * as Duration from "effect/Duration"
import { readFileSync } from "node:fs"
import { describe, expect, it } from "vitest"
import { exitCodes, type ExitName, exitNameOf } from "../../src/cli/exitCodes.ts"
import * as E from "../../src/ConnectionError.ts"

const error = (reason: E.Reason) => new E.ConnectionError({ reason })

const connectFailed = (phase: E.ConnectFailed["phase"]) => new E.ConnectFailed({ phase, code: "UNKNOWN" })

const cases: ReadonlyArray<readonly [E.Reason, ExitName]> = [
  [new E.InvalidRequest({ option: "url", problem: "no url" }), "usage"],
  [new E.HandshakeRejected({ status: 403 }), "refused"],
  [new E.HandshakeInvalid({ check: "accept" }), "badHandshake"],
  [new E.GreetingFailed({ cause: "no" }), "badHandshake"],
  [new E.CredentialsFailed({ cause: "no" }), "badHandshake"],
  [connectFailed("tls"), "tls"],
  [connectFailed("dns"), "dns"],
  [connectFailed("tcp"), "tcp"],
  [connectFailed("proxy"), "tcp"],
  [connectFailed("response"), "tcp"],
  [new E.HandshakeTimeout({ phase: "tcp" }), "timeout"],
  [E.fromCloseFrame({ code: 1000 }), "closed"],
  [E.fromCloseFrame({ code: 4999 }), "closed"],
  [new E.AbnormalClosure({}), "lost"],
  [
    new E.HeartbeatTimeout({
      silentFor: Duration.seconds(2),
      interval: Duration.seconds(1),
      timeout: Duration.seconds(1)
    }),
    "lost"
  ],
  [new E.SendFailed({ delivery: "notSent", cause: error(connectFailed("dns")) }), "dns"],
  [new E.SendFailed({ delivery: "unknown", cause: error(new E.ConnectionClosed({})) }), "undelivered"],
  [new E.SendExpired({ after: Duration.seconds(1), because: "no session" }), "undelivered"],
  [new E.InboundOverflow({ bytes: 1, paused: Duration.zero }), "undelivered"],
  [new E.DecodingFailed({ by: "codec", issue: "no JSON", head: "x" }), "unexpected"],
  [new E.ConnectionClosed({}), "failure"]
]

describe("exit codes", () => {
  it.each(cases)("tell %s apart: %s", (reason, name) => {
    expect(exitNameOf(error(reason))).toBe(name)
  })

  it("are distinct, and as the reference lists them", () => {
    const page = readFileSync(new URL("../../docs/reference/exit-codes.md", import.meta.url), "utf8")
    const listed = Array.from(page.matchAll(/^\| +(\d+) \| `(\w+)` /gm), ([, code, name]) => [name, Number(code)])
    expect(Object.fromEntries(listed)).toEqual(exitCodes)
    expect(new Set(Object.values(exitCodes)).size).toBe(Object.keys(exitCodes).length)
  })
})
