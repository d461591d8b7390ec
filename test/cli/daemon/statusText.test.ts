import { describe, expect, it } from "vitest"
import type { Condition } from "../../../src/cli/daemon/condition.ts"
import { connectionsText, size, statusText } from "../../../src/cli/daemon/statusText.ts"
import { report } from "../../support/reports.ts"

const paint = (_style: string, text: string) => text

const running: Extract<Condition, { readonly _tag: "running" }> = {
  _tag: "running",
  name: "feeds",
  report: {
    name: "feeds",
    state: "running",
    version: "0.1.0",
    pid: 4711,
    since: "2026-01-01T12:00:00.000Z",
    uptime: 320_000,
    config: "/etc/feeds.toml",
    worker: {
      pid: 4712,
      restarts: 2,
      last: { at: "2026-01-01T12:01:00.000Z", message: "The worker was killed by SIGKILL.", stderr: [] }
    },
    log: { file: "/var/log/feeds.log", lostLines: 3, lostBytes: 99, error: "no space left on device" },
    connections: [
      report({
        at: "2026-01-01T12:05:20.000Z",
        rtt: { last: 12, p50: 12.3, p99: 40.2 },
        received: { messages: 1200, bytes: 2048 },
        lastByteAge: 400,
        lastMessageAge: 12_000
      }),
      report({
        name: "orders",
        state: "Waiting",
        at: "2026-01-01T12:05:20.000Z",
        since: "2026-01-01T12:05:18.000Z",
        nextDialAt: "2026-01-01T12:05:23.500Z",
        attempt: 4,
        last: {
          at: "2026-01-01T12:05:18.000Z",
          reason: "GoingAway",
          message: "the peer closed the connection with 1001",
          code: 1001,
          initiator: "peer",
          retryable: true
        }
      })
    ]
  }
}

describe("a status", () => {
  it("tells all about each connection, with two clocks", () => {
    const text = statusText(running, paint)
    for (
      const part of [
        "feeds  running for 5 min 20 s  pid 4711, worker 4712, 2 restarts",
        "3 lines lost: no space left on device",
        "The worker was killed by SIGKILL.",
        "feed  Open for 5 min 20 s  wss://feed.example/",
        "in 1200 (2.0 KiB)",
        "last byte 400 ms ago, last message 12 s ago, RTT 12 ms (p50) 40 ms (p99)",
        "orders  Waiting for 2 s",
        "attempt 4, next dial in 3.5 s",
        "1001, by the peer: the peer closed the connection with 1001"
      ]
    ) expect(text).toContain(part)
  })

  it("tells what became of one that is dead", () => {
    const text = statusText({
      _tag: "dead",
      name: "feeds",
      pid: 4711,
      last: {
        end: {
          at: "2026-01-01T12:00:00.000Z",
          message: "killed",
          stderr: ["its last words\u001b[2J", `{"at":"noon","level":"warn","message":"told"}`]
        },
        message: "It is not started again.",
        restarts: 5,
        config: "/etc/feeds.toml",
        log: "/var/log/feeds.log"
      }
    }, paint)
    expect(text).toContain("feeds  dead  pid 4711 is gone")
    expect(text).toContain("It is not started again.")
    expect(text).toContain("  stderr    its last words\\x1b[2J\n  stderr    noon warn  told")
    // A sink's command wrote that, and what a peer says may be in it.
    expect(text).toContain("its last words\\x1b[2J")
    expect(statusText({ _tag: "stopped", name: "feeds" }, paint)).toBe("feeds  not running")
    expect(statusText({ _tag: "unknown", name: "feeds", message: "Silence." }, paint)).toContain("Silence.")
  })
})

describe("the table of connections", () => {
  it("has a line for each, with columns that stand below each other", () => {
    const [head = "", first = "", second = ""] = connectionsText([running], paint).split("\n")
    expect(head).toMatch(/^CONNECTION +STATE +FOR +RTT +IN +OUT +LAST BYTE +LAST MESSAGE +ENDPOINT$/)
    expect(first.indexOf("Open")).toBe(head.indexOf("STATE"))
    expect(second.indexOf("wss://")).toBe(head.indexOf("ENDPOINT"))
  })

  it("names the daemon where there are several, and is empty where there is none", () => {
    expect(connectionsText([running, running], paint)).toContain("feeds/orders")
    expect(connectionsText([{ _tag: "stopped", name: "feeds" }], paint)).toBe("")
  })
})

describe("a size", () => {
  it.each([[0, "0 B"], [1023, "1023 B"], [1536, "1.5 KiB"], [5 * 2 ** 30, "5.0 GiB"]])("of %d is %s", (bytes, text) => {
    expect(size(bytes)).toBe(text)
  })
})
