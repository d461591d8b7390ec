// Much through `connect`: nothing lost, in order, in little memory, and no faster than anybody takes it.
// HOLDFAST_LINES=1000000 pipes a million lines; see docs/how-to/talk-to-a-server-from-a-shell.md for what was measured.
import { it } from "@effect/vitest"
import { Effect } from "effect"
import { spawn } from "node:child_process"
import { existsSync, readFileSync } from "node:fs"
import type { AddressInfo } from "node:net"
import { describe, expect } from "vitest"
import { type WebSocket, WebSocketServer } from "ws"
import { executable, start } from "../../support/cliProcess.ts"
import { echoProcess } from "../../support/echoProcess.ts"
import { Notice } from "../../support/notice.ts"
import { shell } from "../../support/shell.ts"
import * as tcpProxy from "../../support/tcpProxy.ts"
import { echo, make } from "../../support/wsServer.ts"

const lines = Number(process.env["HOLDFAST_LINES"] ?? 50_000)
const mebibyte = 1024 * 1024

const lineOf = (i: number) => `${String(i).padStart(12, "0")}${"x".repeat(88)}\n`

/** Resident memory of a process, in bytes; none where this is no Linux. */
const residentOf = (pid: number): number => {
  const file = `/proc/${pid}/status`
  return existsSync(file) ? Number(/VmRSS:\s+(\d+)/.exec(readFileSync(file, "utf8"))?.[1] ?? 0) * 1024 : 0
}

/** Pipes lines through, and reads them back as they come. */
const pipe = (url: string, count: number) =>
  Effect.callback<
    { readonly got: number; readonly wrong: number; readonly code: number | null; readonly grown: number }
  >(
    (resume) => {
      const child = spawn(
        process.execPath,
        [executable, "connect", url, "--wait", "1s", "-x", "begin", "--send", "-"],
        {
          stdio: ["pipe", "pipe", "inherit"]
        }
      )
      let next = 0
      const feed = () => {
        while (next < count) {
          let chunk = ""
          for (let i = 0; i < 500 && next < count; i++) chunk += lineOf(next++)
          if (!child.stdin.write(chunk)) return void child.stdin.once("drain", feed)
        }
        child.stdin.end()
      }
      let idle = 0
      let peak = 0
      let got = -1
      let wrong = 0
      let rest = ""
      child.stdout.setEncoding("latin1").on("data", (chunk: string) => {
        const parts = `${rest}${chunk}`.split("\n")
        rest = parts.pop() ?? ""
        for (const line of parts) {
          // The first one shows that it is open, and has nothing to do yet.
          if (got === -1) {
            idle = peak = residentOf(child.pid ?? 0)
            feed()
          } else if (`${line}\n` !== lineOf(got)) wrong++
          got++
        }
        peak = Math.max(peak, residentOf(child.pid ?? 0))
      })
      child.on("close", (code) => resume(Effect.succeed({ got, wrong, code, grown: peak - idle })))
      return Effect.sync(() => child.kill("SIGKILL"))
    }
  )

describe("many lines", () => {
  it.live(
    `${lines} there and back lose none, are in order, and keep memory small`,
    () =>
      Effect.gen(function*() {
        const { grown, ...result } = yield* pipe(yield* echoProcess, lines)
        expect(result).toEqual({ got: lines, wrong: 0, code: 0 })
        expect(grown / mebibyte).toBeLessThan(64)
        if (lines > 50_000) process.stdout.write(`memory grew by ${(grown / mebibyte).toFixed(1)} MiB\n`)
      }),
    30_000 + lines / 10
  )

  it.live("are read no faster than the server takes them", () =>
    Effect.gen(function*() {
      const notice = new Notice()
      let socket: WebSocket | undefined
      let bytes = 0
      const { url } = yield* make((client) => {
        socket = client
        client.pause()
        client.on("message", (data: Buffer) => void (bytes += data.length))
        notice.notify()
      })
      let taken = 0
      const child = yield* Effect.acquireRelease(
        Effect.sync(() =>
          spawn(process.execPath, [executable, "connect", url, "--wait", "0"], { stdio: ["pipe", "ignore", "inherit"] })
        ),
        (child) =>
          Effect.callback<void>((done) => {
            if (child.exitCode !== null) return done(Effect.void)
            child.once("close", () => done(Effect.void))
            child.kill("SIGKILL")
          })
      )
      const total = 64 * mebibyte
      const chunk = lineOf(1).repeat(1000)
      const feed = () => {
        while (taken < total) {
          taken += chunk.length
          if (!child.stdin.write(chunk)) return void child.stdin.once("drain", feed)
        }
        child.stdin.end()
      }
      feed()
      yield* notice.when(() => socket)
      // The kernel's own buffers take some; then nothing moves any more.
      let before = -1
      while (taken !== before) {
        before = taken
        yield* Effect.sleep("300 millis")
      }
      expect(taken).toBeLessThan(total / 2)
      socket?.resume()
      const code = yield* Effect.callback<number | null>((resume) => {
        child.once("close", (code) => resume(Effect.succeed(code)))
      })
      expect({ code, bytes }).toEqual({ code: 0, bytes: taken - taken / 101 })
    }), 60_000)

  it.live("are sent no faster than stdout takes them", () =>
    Effect.gen(function*() {
      let sent = 0
      let isOpen = false
      const line = lineOf(1)
      const { url } = yield* make((socket) => {
        isOpen = true
        const more = () => {
          // A thousand at once at most: whoever only writes never hears that the other side closes.
          for (let n = 0; n < 1000 && socket.bufferedAmount < mebibyte; n++) {
            socket.send(line)
            sent++
          }
          if (isOpen && sent < 1_000_000) setTimeout(more, 5)
        }
        socket.on("close", () => isOpen = false)
        more()
      })
      const { stdout } = yield* shell(`$HOLDFAST connect ${url} < /dev/null | { sleep 1.5; head -1 | wc -c; }`)
      expect(stdout.trim()).toBe(String(line.length))
      expect(sent * line.length).toBeLessThan(30 * mebibyte)
    }), 30_000)
})

describe("a server that goes away in the middle", () => {
  /** A server at a port that it can come back to. */
  const at = (port: number, onMessage: (text: string, socket: WebSocket) => void) =>
    Effect.acquireRelease(
      Effect.callback<WebSocketServer>((resume) => {
        const server = new WebSocketServer({ host: "127.0.0.1", port })
        server.once("listening", () => resume(Effect.succeed(server)))
        server.on("connection", (socket) => {
          socket.on("error", () => undefined)
          socket.on("message", (data: Buffer) => onMessage(data.toString(), socket))
        })
      }),
      (server) =>
        Effect.callback<void>((resume) => {
          for (const client of server.clients) client.terminate()
          server.close(() => resume(Effect.void))
        })
    )

  it.live("gets the rest when it is back, and what may be missing is told", () =>
    Effect.gen(function*() {
      const notice = new Notice()
      const received: Array<string> = []
      const take = (text: string) => {
        received.push(text)
        notice.notify()
      }
      const count = 20_000
      const port = yield* Effect.scoped(Effect.map(at(0, take), (server) => (server.address() as AddressInfo).port))
      const running = yield* start(["connect", `ws://127.0.0.1:${port}`, "--wait", "300ms"], { keepsInput: true })
      const text = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => lineOf(from + i)).join("")
      yield* Effect.scoped(Effect.gen(function*() {
        yield* at(port, (message, socket) => {
          take(message)
          if (received.length === 5000) socket.close(1012)
        })
        yield* running.write(text(0, count / 2))
        yield* notice.when(() => received.length >= 5000 ? true : undefined)
      }))
      const before = received.length
      yield* Effect.scoped(Effect.gen(function*() {
        yield* at(port, take)
        yield* running.write(text(count / 2, count))
        yield* running.endInput
        const { code, stderr } = yield* running.exit
        const numbers = received.map((text) => Number(text.slice(0, 12)))
        const missing = count - new Set(received).size
        // What came is in order, and nothing came twice.
        expect(numbers).toEqual([...numbers].toSorted((a, b) => a - b))
        expect(new Set(received).size).toBe(received.length)
        expect(received.length).toBeGreaterThan(before)
        const told = Number(/of (\d+) messages? it is unknown/.exec(stderr)?.[1] ?? 0)
        // Told are all that are missing, and perhaps some that arrived.
        expect(told).toBeGreaterThanOrEqual(missing)
        expect(code).toBe(told > 0 ? 20 : 0)
      }))
    }), 60_000)

  it.live("for good leaves a number of messages that were not sent", () =>
    Effect.gen(function*() {
      const { port } = yield* echo()
      const proxy = yield* tcpProxy.make(port)
      const holdfast = yield* start(["connect", `ws://127.0.0.1:${proxy.port}`, "--retries", "0"], { keepsInput: true })
      yield* holdfast.write("one\n")
      yield* holdfast.prints("one")
      yield* proxy.refuse
      yield* holdfast.write("two\n")
      const { code, stderr } = yield* holdfast.exit
      expect([17, 20]).toContain(code)
      expect(stderr).toContain("127.0.0.1")
    }))
})
