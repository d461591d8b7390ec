// The whole command against real servers, proxies and networks, good and bad.
import { it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { createServer } from "node:https"
import { describe, expect } from "vitest"
import { WebSocketServer } from "ws"
import * as nginx from "../../../chaos/world/nginx.ts"
import type { Fault } from "../../../src/cli/chaos/Fault.ts"
import * as MisbehavingServer from "../../../src/cli/chaos/misbehavingServer.ts"
import { requires } from "../../setup/requirements.ts"
import * as cli from "../../support/cliProcess.ts"
import * as connectProxy from "../../support/connectProxy.ts"
import { certificate } from "../../support/realServer.ts"
import * as wsServer from "../../support/wsServer.ts"

const cutAfter = Duration.millis(500)
const quick = ["--listen-for", "50ms", "--answer-timeout", "300ms"]
const ca = new URL("../../support/tls/cert.pem", import.meta.url).pathname

const probe = (url: string, ...args: ReadonlyArray<string>) => cli.run(["probe", url, ...quick, ...args])

interface Record {
  readonly event: string
  readonly step: string
  readonly verdict: string
  readonly message: string
  readonly ms?: number
  readonly details?: { readonly [name: string]: unknown }
}

/** What it tells programs: the steps by name, and the summary. */
const told = (url: string, ...args: ReadonlyArray<string>) =>
  Effect.map(probe(url, ...args, "--json"), ({ code, stderr, stdout }) => {
    const records = stdout.trim().split("\n").map((line): Record => JSON.parse(line))
    const steps = Object.fromEntries(records.flatMap((one) => one.event === "step" ? [[one.step, one]] : []))
    const summary = records.at(-1) as unknown as {
      readonly event: string
      readonly healthy: boolean
      readonly exit: string
      readonly heartbeat?: number
      readonly findings: ReadonlyArray<{ readonly level: string; readonly message: string; readonly advice?: string }>
    }
    return { code, stderr, stdout, steps, summary, finding: summary.findings[0] }
  })

const misbehaving = (faults: ReadonlyArray<Fault>) =>
  Effect.tap(
    Effect.orDie(MisbehavingServer.make({ manners: { echo: true, feed: undefined } })),
    (server) => server.misbehave(faults)
  )

/** A WebSocket server behind TLS. */
const secureServer = Effect.acquireRelease(
  Effect.callback<string>((resume) => {
    const server = createServer({ cert: certificate.cert, key: certificate.key })
    const sockets = new WebSocketServer({ server })
    sockets.on("connection", (socket) => socket.on("error", () => undefined))
    server.listen(0, "127.0.0.1", () => {
      const address = server.address()
      close = Effect.callback<void>((resume) => {
        for (const client of sockets.clients) client.terminate()
        server.close(() => resume(Effect.void))
        server.closeAllConnections()
      })
      resume(Effect.succeed(`localhost:${typeof address === "object" ? address?.port : ""}`))
    })
  }),
  () => Effect.suspend(() => close)
)
let close: Effect.Effect<void> = Effect.void

describe("holdfast probe, where all is well", () => {
  it.live("tells every step to people, without secrets, and ends with 0", () =>
    Effect.gen(function*() {
      const { port } = yield* wsServer.make((socket) => socket.send("hello"))
      const { code, stderr, stdout } = yield* probe(
        `ws://user:pa55@127.0.0.1:${port}/feed?token=s3cret`,
        "-H",
        "X-Key: k3y",
        "--origin",
        "https://page.example"
      )
      expect({ code, stderr }).toEqual({ code: 0, stderr: "" })
      expect(stdout).toContain(`Probing ws://127.0.0.1:${port}/feed\n`)
      for (
        const row of [
          /✓ dns +\d+\.\d ms +127\.0\.0\.1 is an address/,
          /✓ tcp +\d+\.\d ms +127\.0\.0\.1:\d+/,
          /✓ request +\d+\.\d ms +GET \/feed\?<redacted> HTTP\/1\.1/,
          / origin: https:\/\/page\.example/,
          / x-key: <redacted>/,
          /✓ answer +\d+\.\d ms +HTTP\/1\.1 101 Switching Protocols/,
          /✓ checks +\d+\.\d ms +all 7 passed/,
          /✓ accept +\S+=\n/,
          /✓ negotiated +subprotocol none, extensions none/,
          /✓ frames +\d+\.\d ms +1 message and no pings within 50ms/,
          /ms {2}text, 5 bytes {2}hello/,
          /✓ ping +\d+\.\d ms +min \d+\.\d ms, median \d+\.\d ms, p99 \d+\.\d ms over 5 pings/,
          /✓ close +\d+\.\d ms +answered with 1000 in \d+\.\d ms, TCP closed/,
          /Everything is as it should be\./
        ]
      ) {
        expect(stdout).toMatch(row)
      }
      for (const secret of ["s3cret", "pa55", "k3y", "\u001b["]) expect(stdout).not.toContain(secret)
    }))

  it.live("tells the same to programs, one record a step and a summary", () =>
    Effect.gen(function*() {
      const { url } = yield* wsServer.echo({ perMessageDeflate: true, handleProtocols: () => "two" })
      const { code, steps, summary } = yield* told(url, "-s", "one,two", "--compress", "--pings", "3")
      expect(code).toBe(0)
      expect(Object.keys(steps)).toEqual([
        "dns",
        "tcp",
        "request",
        "answer",
        "checks",
        "negotiated",
        "frames",
        "ping",
        "close"
      ])
      expect(steps["negotiated"]?.details).toMatchObject({
        subprotocol: "two",
        extensions: expect.stringContaining("permessage-deflate")
      })
      expect(steps["ping"]?.details).toMatchObject({ sent: 3, answered: 3, min: expect.any(Number) })
      expect(steps["checks"]?.details?.["checks"]).toContainEqual({
        check: "status",
        ok: true,
        expected: "101",
        actual: "101"
      })
      expect(summary).toMatchObject({ event: "summary", healthy: true, exit: "ok", findings: [] })
    }))

  it.live("shows TLS and the certificate", () =>
    Effect.gen(function*() {
      const host = yield* secureServer
      const { code, steps } = yield* told(`wss://${host}`, "--ca", ca)
      expect(code).toBe(0)
      expect(steps["tls"]?.details).toMatchObject({
        protocol: "TLSv1.3",
        trusted: true,
        certificate: { subject: "localhost", names: ["localhost", "127.0.0.1", "0:0:0:0:0:0:0:1"] }
      })
    }))

  it.live("goes through a proxy", () =>
    Effect.gen(function*() {
      const host = yield* secureServer
      const proxy = yield* connectProxy.make("tunnel")
      const { code, steps, stdout } = yield* told(
        `wss://${host}`,
        "--ca",
        ca,
        "--proxy",
        `http://me:s3cret@${proxy.host}`
      )
      expect(code).toBe(0)
      expect(steps["proxy"]?.message).toBe(`${proxy.host} opened a tunnel to ${host}`)
      expect(proxy.asked[0]).toContain(`Proxy-Authorization: Basic ${Buffer.from("me:s3cret").toString("base64")}`)
      expect(stdout).not.toContain("s3cret")
    }))

  it.live("follows redirects when it is told to", () =>
    Effect.gen(function*() {
      const { url } = yield* wsServer.echo()
      const elsewhere = yield* misbehaving([{ fault: "refuse", status: 307, location: `${url}?token=s3cret` }])
      const refused = yield* told(elsewhere.url)
      expect(refused.code).toBe(10)
      expect(refused.finding?.message).toBe(`The server answered 307: a redirect to ${url}?<redacted>.`)
      expect((yield* told(elsewhere.url, "--location")).code).toBe(0)
    }))
})

describe("holdfast probe, before there is an answer", () => {
  it.live("a name that does not exist", () =>
    Effect.gen(function*() {
      const { code, finding, steps } = yield* told("wss://no-such-host.invalid/")
      expect(code).toBe(13)
      expect(finding?.message).toMatch(/^The name no-such-host\.invalid cannot be resolved: (ENOTFOUND|EAI_AGAIN)\.$/)
      expect(steps["close"]).toMatchObject({ verdict: "skipped", message: "since \"dns\" failed" })
      expect(steps["tls"]?.verdict).toBe("skipped")
    }))

  it.live("a closed port", () =>
    Effect.gen(function*() {
      const { port } = yield* Effect.scoped(wsServer.echo())
      const { code, finding } = yield* told(`ws://127.0.0.1:${port}/`)
      expect(code).toBe(14)
      expect(finding?.message).toContain(`No TCP connection to 127.0.0.1:${port}: the port is closed`)
    }))

  it.live("a certificate that nobody vouches for: told, but nothing is sent", () =>
    Effect.gen(function*() {
      const host = yield* secureServer
      const { code, finding, steps } = yield* told(`wss://${host}`)
      expect(code).toBe(12)
      expect(steps["tls"]?.details).toMatchObject({ trusted: false, certificate: { subject: "localhost" } })
      expect(steps["request"]?.verdict).toBe("skipped")
      expect(finding?.advice).toContain("--ca")
      const unchecked = yield* told(`wss://${host}`, "--no-check")
      expect(unchecked.code).toBe(0)
      expect(unchecked.finding?.level).toBe("warning")
    }))

  it.live("another host's certificate", () =>
    Effect.gen(function*() {
      const host = yield* secureServer
      const { code, finding } = yield* told(`wss://${host}`, "--ca", ca, "--servername", "feed.example")
      expect(code).toBe(12)
      expect(finding?.message).toBe(
        "The certificate is for localhost, 127.0.0.1, 0:0:0:0:0:0:0:1, not for feed.example."
      )
    }))

  it.live("TLS for a port without, and none for a port with", () =>
    Effect.gen(function*() {
      const { port } = yield* wsServer.echo()
      const secured = yield* told(`wss://127.0.0.1:${port}/`)
      expect(secured.code).toBe(12)
      expect(secured.finding).toMatchObject({
        message: "TLS failed: the port does not speak TLS.",
        advice: expect.stringContaining("Use ws://")
      })
      const host = yield* secureServer
      const plain = yield* told(`ws://${host}`)
      expect(plain.code).not.toBe(0)
      expect(plain.finding?.advice).toContain("wss://")
    }))

  it.live("a proxy that says no", () =>
    Effect.gen(function*() {
      const { url } = yield* wsServer.echo()
      const proxy = yield* connectProxy.make("HTTP/1.1 407 Proxy Authentication Required\r\n\r\n")
      const { code, finding } = yield* told(url, "--proxy", `http://${proxy.host}`)
      expect(code).toBe(14)
      expect(finding?.message).toBe(`The proxy ${proxy.host} gave no tunnel: the proxy wants credentials.`)
    }))

  it.live("a server that takes the request and says nothing", () =>
    Effect.gen(function*() {
      const { url } = yield* misbehaving([{ fault: "stall" }])
      const { code, finding, steps } = yield* told(url, "--handshake-timeout", "200ms")
      expect(code).toBe(15)
      expect(finding?.message).toBe("The step \"answer\" was not over within 200ms.")
      expect(steps["answer"]?.ms).toBeLessThan(1000)
    }))

  it.live("a server that hangs up", () =>
    Effect.gen(function*() {
      const { url } = yield* misbehaving([{ fault: "hang-up" }])
      const { code, finding } = yield* told(url)
      expect(code).toBe(14)
      expect(finding?.message).toBe("The server, or a proxy before it, hung up without an answer.")
    }))
})

describe("holdfast probe, where the handshake fails", () => {
  it.live.each(
    [
      [{ fault: "refuse", status: 404 }, 10, "nothing is served at this path"],
      [{ fault: "refuse", status: 401 }, 10, "credentials are missing"],
      [{ fault: "refuse", status: 200, body: "<title>Welcome to the hotel</title>" }, 10, "a page, and no WebSocket"],
      [{ fault: "refuse", status: 503, "retry-after": "15" }, 10, "it asks to wait 15 s"],
      [{ fault: "refuse", status: 426 }, 10, "it saw no request to upgrade"],
      [{ fault: "not-http" }, 11, "something that is no HTTP: \"SSH-2.0"],
      [{ fault: "wrong-accept" }, 11, "that of another request"],
      [{ fault: "no-upgrade" }, 11, "101 without \"Upgrade: websocket\""],
      [{ fault: "no-connection" }, 11, "101 without \"Connection: Upgrade\""],
      [{ fault: "wrong-subprotocol", name: "soap" }, 11, "chose the subprotocol soap, which was not offered"],
      [{ fault: "no-subprotocol" }, 11, "chose none of the subprotocols"],
      [{ fault: "unasked-extension" }, 11, "extensions that were not offered (x-never-offered)"]
    ] as ReadonlyArray<readonly [Fault, number, string]>
  )("%o", ([fault, exit, words]) =>
    Effect.gen(function*() {
      const { url } = yield* misbehaving([fault])
      const { code, finding, stderr } = yield* told(url, "-s", "chat")
      expect(code).toBe(exit)
      expect(finding?.message).toContain(words)
      expect(stderr).toContain(JSON.stringify(finding?.message).slice(1, -1))
    }))
})

describe("holdfast probe, where the link is not well", () => {
  it.live.each(
    [
      [
        { fault: "close", code: 1008, reason: "who are you" },
        16,
        "closed right after the opening with 1008 (Policy Violation) \"who are you\""
      ],
      [{ fault: "cut" }, 17, "The link was cut right after the opening"],
      [{ fault: "ignore-pings" }, 19, "does not answer pings"],
      [{ fault: "ignore-close" }, 19, "does not answer a Close frame"],
      [{ fault: "masked" }, 19, "a frame with a mask"],
      [{ fault: "invalid-utf8" }, 19, "a text message that is no UTF-8"],
      [{ fault: "reserved-bit" }, 19, "reserved bits"],
      [{ fault: "keep-tcp" }, 0, "leaves TCP open"]
    ] as ReadonlyArray<readonly [Fault, number, string]>
  )("%o", ([fault, exit, words]) =>
    Effect.gen(function*() {
      const { url } = yield* misbehaving([fault])
      const { code, finding, summary } = yield* told(url)
      expect({ code, healthy: summary.healthy }).toEqual({ code: exit, healthy: exit === 0 })
      expect(finding?.message).toContain(words)
    }))
})

describe("holdfast probe --idle", () => {
  const idle = (url: string, ...args: ReadonlyArray<string>) => told(url, "--pings", "1", "--idle", "1s", ...args)

  it.live("finds the limit of who cuts in plain sight, and the heartbeat", () =>
    Effect.gen(function*() {
      const { url } = yield* misbehaving([{ fault: "idle-cut", after: cutAfter }])
      const { code, finding, steps, summary } = yield* idle(url)
      expect(code).toBe(0)
      expect(finding?.message).toMatch(/^Idle links are cut after about \d+ ms, by a proxy, or a server/)
      expect(finding?.advice).toContain("--heartbeat 200ms")
      expect(summary.heartbeat).toBe(200)
      expect(steps["idle"]?.details).toMatchObject({ pingsKeepAlive: true })
    }))

  it.live("bisects towards the limit of who says nothing", () =>
    Effect.gen(function*() {
      const { url } = yield* misbehaving([{ fault: "idle-cut", after: cutAfter, how: "silence" }])
      const { finding, steps } = yield* idle(url)
      expect(finding?.message).toContain("without a word")
      const { fatal, survived } = (steps["idle"]?.details ?? {}) as {
        readonly fatal?: number
        readonly survived?: number
      }
      expect(survived).toBeLessThan(600)
      expect(fatal).toBeGreaterThan(450)
    }))

  it.live("tells where pings do not help", () =>
    Effect.gen(function*() {
      const { url } = yield* misbehaving([{ fault: "idle-cut", after: cutAfter, counts: "messages" }])
      const { code, finding } = yield* idle(url)
      expect(code).toBe(19)
      expect(finding?.message).toContain("pings do not help")
    }))

  it.live("tells where silence is survived", () =>
    Effect.gen(function*() {
      const { url } = yield* wsServer.echo()
      const { code, steps } = yield* told(url, "--pings", "0", "--idle", "200ms", "--idle-links", "2")
      expect(code).toBe(0)
      expect(steps["ping"]?.verdict).toBe("skipped")
      expect(steps["idle"]?.message).toContain("silence of 200 ms is survived")
    }))
})

describe("holdfast probe, through nginx", () => {
  it.live.skipIf(!requires("nginx").available)("with the Upgrade headers, all is well", () =>
    Effect.gen(function*() {
      const { port } = yield* wsServer.echo()
      const { url } = yield* nginx.start({ upstream: port })
      const { code, steps } = yield* told(url)
      expect(code).toBe(0)
      expect(steps["answer"]?.details?.["headers"]).toMatchObject({ server: expect.stringContaining("nginx") })
    }))

  it.live.skipIf(!requires("nginx").available)(
    "without them, it says which lines are missing",
    () =>
      Effect.gen(function*() {
        const { port } = yield* wsServer.echo()
        const { url } = yield* nginx.start({ upstream: port, location: `proxy_pass http://127.0.0.1:${port};` })
        const { code, finding } = yield* told(url)
        expect(code).toBe(10)
        expect(finding?.message).toMatch(/^The server answered 426 \(nginx\S*\): it saw no request to upgrade/)
        expect(finding?.advice).toContain("proxy_set_header Upgrade $http_upgrade")
      })
  )

  it.live.skipIf(!requires("nginx").available)("without a server behind it, it says so", () =>
    Effect.gen(function*() {
      const { port } = yield* Effect.scoped(wsServer.echo())
      const { url } = yield* nginx.start({ upstream: port })
      const { code, finding } = yield* told(url)
      expect(code).toBe(10)
      expect(finding?.message).toContain("502")
      expect(finding?.message).toContain("no good answer from the server behind it")
    }))

  it.live.skipIf(!requires("nginx").available)(
    "finds how long nginx lets a link be idle",
    () =>
      Effect.gen(function*() {
        const { port } = yield* wsServer.echo()
        const { url } = yield* nginx.start({ upstream: port, more: "proxy_read_timeout 1s;" })
        const { finding } = yield* told(url, "--idle", "3s", "--idle-links", "3")
        // A second, as nginx counts it; who is busy learns later that a link has opened, or that it was cut.
        expect(finding?.message).toMatch(
          /^Idle links are cut after about (1(\.[0-4])? s|[89]\d0 ms), by a proxy/
        )
        expect(finding?.advice).toMatch(/--heartbeat [345]00ms/)
      }),
    20_000
  )
})

it.live("holdfast probe refuses what makes no sense", () =>
  Effect.gen(function*() {
    for (const args of [["ftp://a/"], ["ws://a/#b"], ["ws://a/", "--pings", "-1"], ["ws://a/", "--idle", "long"]]) {
      const { code, stderr, stdout } = yield* cli.run(["probe", ...args])
      expect({ code, stdout }).toEqual({ code: 2, stdout: "" })
      expect(stderr).not.toBe("")
    }
  }))

it.live("holdfast probe frees everything when it is interrupted", () =>
  Effect.gen(function*() {
    const { connections, url } = yield* misbehaving([])
    const child = yield* cli.start(["probe", url, "--listen-for", "10s"])
    yield* child.prints("negotiated")
    yield* child.kill("SIGINT")
    expect((yield* child.exit).code).toBe(130)
    yield* Effect.repeat(Effect.delay(connections, "5 millis"), { until: (open) => open === 0 })
  }))
