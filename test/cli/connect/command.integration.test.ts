import { it } from "@effect/vitest"
import { Effect } from "effect"
import { describe, expect } from "vitest"
import { run } from "../../support/cliProcess.ts"

describe("holdfast connect", () => {
  it.live("--help tells every flag", () =>
    Effect.gen(function*() {
      const { code, stderr, stdout } = yield* run(["connect", "--help"])
      expect({ code, stderr }).toEqual({ code: 0, stderr: "" })
      const flags = [
        ...["subprotocol", "allow-no-subprotocol", "header", "header-env", "header-file", "auth", "auth-env", "origin"],
        ...["host", "ca", "cert", "key", "passphrase", "passphrase-env", "ask-passphrase", "no-check", "servername"],
        ...["proxy", "local-address", "family", "redirects", "location", "compress", "max-payload"],
        ...["handshake-timeout", "execute", "send", "wait", "count", "expect", "timeout", "binary", "hex", "slash"],
        ...["show-ping-pong", "record", "reconnect", "retries", "heartbeat", "heartbeat-timeout", "no-heartbeat"],
        "history"
      ]
      expect(flags.filter((flag) => !new RegExp(`--${flag}\\b`).test(stdout))).toEqual([])
    }))

  it.live("needs a url", () =>
    Effect.gen(function*() {
      const { code, stderr, stdout } = yield* run(["connect"])
      expect({ code, stdout }).toEqual({ code: 2, stdout: "" })
      expect(stderr).toContain("url")
      expect(stderr).toContain("See holdfast connect --help")
    }))

  it.live("knows no other flags", () =>
    Effect.gen(function*() {
      const { code, stderr } = yield* run(["connect", "ws://x", "--exekute", "a"])
      expect(code).toBe(2)
      expect(stderr).toContain("--exekute")
    }))
})
