// `connect` in a pipe, as a process, against real servers: what it prints and with which code it ends.
import { it } from "@effect/vitest"
import { Effect } from "effect"
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { createServer as createHttp, type Server } from "node:http"
import { createServer } from "node:https"
import type { AddressInfo } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { describe, expect } from "vitest"
import { WebSocketServer } from "ws"
import { run, start } from "../../support/cliProcess.ts"
import * as connectProxy from "../../support/connectProxy.ts"
import { Notice } from "../../support/notice.ts"
import { shell } from "../../support/shell.ts"
import { echo, make } from "../../support/wsServer.ts"

const folder = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "holdfast-connect-"))),
  (folder) => Effect.sync(() => rmSync(folder, { recursive: true }))
)
const fixture = (name: string) => fileURLToPath(new URL(`../../support/tls/${name}`, import.meta.url))

describe("in a pipe", () => {
  it.live("a line is a message, and a message is a line", () =>
    Effect.gen(function*() {
      const { url } = yield* echo()
      const { code, stderr, stdout } = yield* run(["connect", url, "--wait", "0.2"], { stdin: "one\ntwö\n\nlast" })
      expect({ code, stderr, stdout }).toEqual({ code: 0, stderr: "", stdout: "one\ntwö\n\nlast\n" })
    }))

  it.live("--json makes objects of messages and notes", () =>
    Effect.gen(function*() {
      const { url } = yield* echo()
      const { stderr, stdout } = yield* run(["connect", url, "--json", "--verbose", "-x", "a", "--count", "1"])
      expect(JSON.parse(stdout)).toMatchObject({ kind: "text", data: "a" })
      const notes = stderr.trimEnd().split("\n").map((line) => JSON.parse(line))
      expect(notes.map(({ event }) => event)).toContain("opened")
    }))

  it.live("stdin is not read before a session is open", () =>
    Effect.gen(function*() {
      const arrived = new Notice()
      let upgrades = 0
      let letIn: (() => void) | undefined
      const { url } = yield* make((socket) => socket.on("message", (data) => socket.send(data)), {
        verifyClient: (_, decide) => {
          upgrades++
          letIn = () => decide(true)
          arrived.notify()
        }
      })
      const holdfast = yield* start(["connect", url, "--count", "1"], { stdin: "hello\n" })
      yield* arrived.when(() => upgrades > 0 ? true : undefined)
      expect(holdfast.stdout()).toBe("")
      letIn?.()
      expect(yield* holdfast.exit).toMatchObject({ code: 0, stdout: "hello\n" })
    }))

  it.live("files and messages are sent in place of stdin", () =>
    Effect.gen(function*() {
      const { url } = yield* echo()
      const file = join(yield* folder, "lines")
      writeFileSync(file, "1\n2\n")
      const { code, stdout } = yield* run(["connect", url, "-x", "x", "--send", file, "--count", "3"], {
        stdin: "no\n"
      })
      expect({ code, stdout }).toEqual({ code: 0, stdout: "x\n1\n2\n" })
    }))

  it.live("bytes go through as they are", () =>
    Effect.gen(function*() {
      const { url } = yield* echo()
      const hex = yield* run(["connect", url, "--hex", "--count", "2"], { stdin: "00ff\n0a 0d\n" })
      expect(hex.stdout).toBe("00ff\n0a0d\n")
      const { stdout } = yield* shell(
        `printf 'a\\xff\\nb\\n' | $HOLDFAST connect ${url} --binary --count 2 | od -An -tx1`
      )
      expect(stdout.trim()).toBe("61 ff 62")
    }))

  it.live("lines that are no text are refused, with their number", () =>
    Effect.gen(function*() {
      const { url } = yield* echo()
      const { code, stderr } = yield* shell(`printf 'ok\\n\\xff\\n' | $HOLDFAST connect ${url}`)
      expect({ code, stderr }).toMatchObject({ code: 1 })
      expect(stderr).toContain("Line 2 of stdin is not UTF-8; --binary sends lines as they are.")
    }))

  it.live("lines may be commands", () =>
    Effect.gen(function*() {
      let closed: { readonly code: number; readonly reason: string } | undefined
      const pongs: Array<string> = []
      const { url } = yield* make((socket) => {
        socket.on("pong", (data) => pongs.push(data.toString()))
        socket.on("close", (code, reason) => closed = { code, reason: reason.toString() })
      })
      const { code, stderr } = yield* run(["connect", url, "--slash"], {
        stdin: "/ping hello\n/pong unasked\n/status\n/nope\n/close 4001 so long\n"
      })
      expect(code).toBe(0)
      expect(stderr).toMatch(/Pong after .*\nSent a pong\.\nOpen: session 1\.\nThere is no command \/nope/)
      expect({ closed, pongs }).toEqual({ closed: { code: 4001, reason: "so long" }, pongs: ["unasked"] })
    }))

  it.live("pings and pongs are told where that is wanted", () =>
    Effect.gen(function*() {
      const { url } = yield* make((socket) => {
        socket.ping("are you there")
        socket.on("pong", () => socket.send("done"))
      })
      const { stderr } = yield* run(["connect", url, "-P", "--count", "1"])
      expect(stderr).toContain("Received ping (data: \"are you there\")")
    }))
})

describe("the exit code", () => {
  it.live("is 0 at a match, and 19 where none came", () =>
    Effect.gen(function*() {
      const { url } = yield* echo()
      const found = yield* run(["connect", url, "-x", "a", "-x", "ready now", "-x", "b", "--expect", "^ready"])
      expect(found).toMatchObject({ code: 0, stdout: "a\nready now\n" })
      const missed = yield* run(["connect", url, "-x", "a", "--expect", "nope", "--wait", "100ms"])
      expect(missed).toMatchObject({ code: 19, stdout: "a\n" })
      expect(missed.stderr).toContain("--expect")
    }))

  it.live("is 15 where --timeout was not enough", () =>
    Effect.gen(function*() {
      const { url } = yield* make(() => undefined)
      const { code, stderr } = yield* run(["connect", url, "--count", "1", "--timeout", "300ms"])
      expect({ code, stderr }).toEqual({ code: 15, stderr: "It was not done within --timeout.\n" })
    }))

  it.live("is that of a refusal which no further dial can change, and of one where none is allowed", () =>
    Effect.gen(function*() {
      const { url } = yield* make(() => undefined, { verifyClient: (_, decide) => decide(false, 403) })
      expect(yield* run(["connect", url, "-x", "a"])).toMatchObject({ code: 10, stdout: "" })
      const { url: other } = yield* make(() => undefined, { verifyClient: (_, decide) => decide(false, 503) })
      const refused = yield* run(["connect", other, "--no-reconnect", "-x", "a"])
      expect(refused.code).toBe(10)
      expect(refused.stderr).toContain("503")
    }))

  it.live("is 14 where nobody listens, and 18 where that was so for every dial that was allowed", () =>
    Effect.gen(function*() {
      expect(yield* run(["connect", "127.0.0.1:1", "--no-reconnect"])).toMatchObject({ code: 14 })
      const { code, stderr } = yield* run(["connect", "127.0.0.1:1", "--retries", "1"])
      expect(code).toBe(18)
      expect(stderr).toContain("Gave up after 2 dials")
    }))

  it.live("is 16 where the peer closed, but 0 where it had nothing more to say", () =>
    Effect.gen(function*() {
      const { url } = yield* make((socket, request) => {
        socket.send("bye")
        socket.close(request.url === "/normal" ? 1000 : 1011)
      })
      expect(yield* run(["connect", `${url}normal`, "--no-reconnect", "--wait", "forever"]))
        .toMatchObject({ code: 0, stdout: "bye\n" })
      expect(yield* run(["connect", url, "--no-reconnect", "--wait", "forever"]))
        .toMatchObject({ code: 16, stdout: "bye\n" })
    }))

  it.live("is 2 for flags that make no sense, which are named", () =>
    Effect.gen(function*() {
      const wrong: ReadonlyArray<readonly [args: ReadonlyArray<string>, named: string]> = [
        [["--binary", "--hex"], "--binary"],
        [["--count", "0"], "--count"],
        [["--expect", "("], "--expect"],
        [["--ca", "/none"], "--ca"],
        [["--header", "x"], "--header"],
        [["--subprotocol", "two words"], "--subprotocol"],
        [["--send", "/none"], "--send"],
        [["--wait", "soon"], "--wait"],
        [["--max-payload", "0"], "--max-payload"],
        [["--heartbeat", "0"], "--heartbeat"]
      ]
      for (const [args, named] of wrong) {
        const { code, stderr } = yield* run(["connect", "ws://127.0.0.1:1", ...args])
        expect({ args, code }).toEqual({ args, code: 2 })
        expect(stderr).toContain(named)
      }
    }))

  it.live("is 23 where stdout or the recording cannot be written, and 141 where nobody reads", () =>
    Effect.gen(function*() {
      const { url } = yield* echo()
      const full = yield* shell(`echo a | $HOLDFAST connect ${url} > /dev/full`)
      expect(full.code).toBe(23)
      expect(full.stderr).toContain("stdout cannot be written")
      const record = yield* shell(`$HOLDFAST connect ${url} -x a --wait forever --record /dev/full`)
      expect(record.code).toBe(23)
      expect(record.stderr).toContain("--record")
      const gone = yield* shell(`seq 100000 | $HOLDFAST connect ${url} | head -1; echo \${PIPESTATUS[1]}`)
      expect(gone).toMatchObject({ stdout: "1\n141\n", stderr: "" })
    }))
})

describe("a signal", () => {
  it.live("closes the connection in good order, and is the exit code", () =>
    Effect.gen(function*() {
      const notice = new Notice()
      const codes: Array<number> = []
      const { url } = yield* make((socket) => {
        socket.send("hello")
        socket.on("close", (code) => {
          codes.push(code)
          notice.notify()
        })
      })
      for (const [signal, code] of [["SIGINT", 130], ["SIGTERM", 143]] as const) {
        const holdfast = yield* start(["connect", url], { keepsInput: true })
        yield* holdfast.prints("hello")
        yield* holdfast.kill(signal)
        expect(yield* holdfast.exit).toMatchObject({ code, stderr: "" })
      }
      yield* notice.when(() => codes.length === 2 ? true : undefined)
      expect(codes).toEqual([1000, 1000])
    }))
})

describe("over TLS", () => {
  const secure = Effect.acquireRelease(
    Effect.callback<{ readonly server: WebSocketServer; readonly port: number; readonly stop: () => void }>(
      (resume) => {
        const https = createServer({ key: readFileSync(fixture("key.pem")), cert: readFileSync(fixture("cert.pem")) })
        const server = new WebSocketServer({ server: https })
        server.on("connection", (socket, request) => socket.send(JSON.stringify(request.headers)))
        https.listen(0, "127.0.0.1", () => {
          const stop = () => {
            for (const client of server.clients) client.terminate()
            https.closeAllConnections()
            https.close()
          }
          resume(Effect.succeed({ server, port: (https.address() as AddressInfo).port, stop }))
        })
      }
    ),
    ({ stop }) => Effect.sync(stop)
  )

  it.live("a private authority is trusted where it is given, and nobody else", () =>
    Effect.gen(function*() {
      const { port } = yield* secure
      const url = `wss://localhost:${port}`
      const untrusted = yield* run(["connect", url, "--count", "1"])
      expect(untrusted.code).toBe(12)
      expect(untrusted.stderr).toContain("--ca")
      expect(yield* run(["connect", url, "--count", "1", "--ca", fixture("cert.pem")])).toMatchObject({ code: 0 })
      expect(yield* run(["connect", url, "--count", "1", "--no-check"])).toMatchObject({ code: 0 })
    }))

  it.live("headers come from flags, files and the environment, and are told to nobody", () =>
    Effect.gen(function*() {
      const { port } = yield* secure
      const file = join(yield* folder, "headers")
      writeFileSync(file, "X-From-File: file-secret\n")
      const { code, stderr, stdout } = yield* run([
        ...["connect", `wss://localhost:${port}/?token=query-secret`, "--no-check", "--count", "1", "--verbose"],
        ...["-H", "X-Flag: flag-secret", "--header-file", file, "--header-env", "X-Env=SOME_TOKEN"],
        ...["--auth", "ann:auth-secret", "--origin", "https://page.example", "--host", "inner.example"]
      ], { env: { SOME_TOKEN: "env-secret" } })
      expect(code).toBe(0)
      expect(JSON.parse(stdout)).toMatchObject({
        "x-flag": "flag-secret",
        "x-from-file": "file-secret",
        "x-env": "env-secret",
        authorization: `Basic ${Buffer.from("ann:auth-secret").toString("base64")}`,
        origin: "https://page.example",
        host: "inner.example"
      })
      expect(stderr).not.toContain("secret")
    }))
})

describe("the way to the server", () => {
  it.live("goes through a proxy, and follows redirects where it is told to", () =>
    Effect.gen(function*() {
      const { port, url } = yield* echo()
      const proxy = yield* connectProxy.make("tunnel")
      const proxied = yield* run(["connect", url, "-x", "a", "--count", "1", "--proxy", `http://${proxy.host}`])
      expect(proxied).toMatchObject({ code: 0, stdout: "a\n" })
      expect(proxy.asked[0]).toContain(`CONNECT 127.0.0.1:${port} `)

      const redirecting = yield* Effect.acquireRelease(
        Effect.callback<Server>((resume) => {
          const server = createHttp()
          server.on("upgrade", (_, socket) => {
            socket.end(`HTTP/1.1 302 Found\r\nLocation: ${url}\r\nConnection: close\r\n\r\n`)
          })
          server.listen(0, "127.0.0.1", () => resume(Effect.succeed(server)))
        }),
        (server) => Effect.sync(() => server.close())
      )
      const from = `ws://127.0.0.1:${(redirecting.address() as AddressInfo).port}/`
      expect(yield* run(["connect", from, "-x", "a", "--count", "1"])).toMatchObject({ code: 10 })
      expect(yield* run(["connect", from, "-x", "a", "--count", "1", "-L"])).toMatchObject({ code: 0, stdout: "a\n" })
    }))

  it.live("chooses among subprotocols, and may do without one", () =>
    Effect.gen(function*() {
      const { url } = yield* make((socket) => socket.send(socket.protocol), {
        handleProtocols: (offered) => offered.has("b") ? "b" : false
      })
      expect(yield* run(["connect", url, "-s", "a,b", "--count", "1"])).toMatchObject({ code: 0, stdout: "b\n" })
      expect(yield* run(["connect", url, "-s", "a", "--count", "1", "--no-reconnect"])).toMatchObject({ code: 11 })
      expect(yield* run(["connect", url, "-s", "a", "--count", "1", "--allow-no-subprotocol"])).toMatchObject({
        code: 0,
        stdout: "\n"
      })
    }))
})
