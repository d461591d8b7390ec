// `connect` on a real terminal.
import { it } from "@effect/vitest"
import { Effect } from "effect"
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { createServer } from "node:https"
import type { AddressInfo } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { describe, expect } from "vitest"
import { type WebSocket, WebSocketServer } from "ws"
import { requires } from "../../setup/requirements.ts"
import { Notice } from "../../support/notice.ts"
import { certificate } from "../../support/realServer.ts"
import * as tcpProxy from "../../support/tcpProxy.ts"
import { terminal } from "../../support/terminal.ts"
import { echo, make } from "../../support/wsServer.ts"

const folder = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "holdfast-state-"))),
  (folder) => Effect.sync(() => rmSync(folder, { recursive: true }))
)

/** A server that hands its sockets to the test, and keeps what it is told. */
const attended = Effect.gen(function*() {
  const notice = new Notice()
  const sockets: Array<WebSocket> = []
  const heard: Array<string> = []
  const closed: Array<string> = []
  const server = yield* make((socket) => {
    sockets.push(socket)
    socket.on("message", (data: Buffer, isBinary) => {
      heard.push(isBinary ? `hex ${data.toString("hex")}` : data.toString())
      notice.notify()
    })
    socket.on("close", (code, reason) => {
      closed.push(`${code} ${reason.toString()}`)
      notice.notify()
    })
    notice.notify()
  })
  return { ...server, closed, heard, notice, socket: notice.when(() => sockets[0]) }
})

describe.skipIf(!requires("tmux").available)("on a terminal", () => {
  it.live("what is typed is sent, what comes is shown, and the two are told apart", () =>
    Effect.gen(function*() {
      const { url } = yield* echo()
      const screen = yield* terminal(["connect", url])
      yield* screen.shows(/Connected\.\n\[open/)
      yield* screen.enter("hello there")
      const text = yield* screen.shows("< hello there")
      expect(text).toContain("> hello there\n< hello there\n[open")
      expect(yield* screen.shows(/\[open \| rtt \d+(\.\d)? ms \| last \d s ago\] >/)).toBeTruthy()
    }), 30_000)

  it.live("a line that is being typed survives what comes meanwhile", () =>
    Effect.gen(function*() {
      const server = yield* attended
      const screen = yield* terminal(["connect", server.url], { columns: 60 })
      yield* screen.shows("[open")
      const long = "a line that is longer than the terminal is wide, so that it needs two rows"
      yield* screen.type(long)
      yield* screen.shows("two rows")
      const socket = yield* server.socket
      socket.send("one")
      socket.send("two")
      const text = yield* screen.shows("< two")
      expect(text.replace(/\n/g, "")).toContain(long)
      yield* screen.press("Enter")
      yield* server.notice.when(() => server.heard.length > 0 ? true : undefined)
      expect(server.heard).toEqual([long])
      const after = yield* screen.shows(/< two\n> a line/)
      expect(after.split("a line that").length).toBe(2)
    }), 30_000)

  it.live("what was typed comes back, also the next time", () =>
    Effect.gen(function*() {
      const { url } = yield* echo()
      const state = yield* folder
      const env = { XDG_STATE_HOME: state }
      yield* Effect.scoped(Effect.gen(function*() {
        const screen = yield* terminal(["connect", url], { env })
        yield* screen.shows("[open")
        yield* screen.enter("first")
        yield* screen.shows("< first")
        yield* screen.enter(" a secret")
        yield* screen.shows("<  a secret")
        yield* screen.enter("second")
        yield* screen.shows("< second")
        yield* screen.press("C-d")
        yield* screen.shows("[exit 0]")
      }))
      expect(readFileSync(join(state, "holdfast", "history"), "utf8")).toBe("first\nsecond\n")
      const screen = yield* terminal(["connect", url], { env })
      yield* screen.shows("[open")
      yield* screen.press("Up", "Up")
      yield* screen.shows(/\] > first/)
      yield* screen.press("Enter")
      yield* screen.shows("< first")
    }), 30_000)

  it.live("lines with a slash are commands", () =>
    Effect.gen(function*() {
      const server = yield* attended
      const screen = yield* terminal(["connect", server.url])
      yield* screen.shows("[open")
      yield* screen.enter("/ping")
      yield* screen.shows(/Pong after \d+(\.\d)? ms\./)
      yield* screen.enter("/status")
      yield* screen.shows(/^Open: session 1/m)
      yield* screen.enter("/help")
      yield* screen.shows("/binary HEX")
      yield* screen.enter("/nope")
      yield* screen.shows("There is no command /nope.")
      yield* screen.type("/bi")
      yield* screen.press("Tab")
      yield* screen.shows("] > /binary")
      yield* screen.enter(" 00 ff")
      yield* screen.enter("//slash")
      yield* server.notice.when(() => server.heard.length === 2 ? true : undefined)
      expect(server.heard).toEqual(["hex 00ff", "/slash"])
      yield* screen.enter("/reconnect")
      yield* screen.shows("Connected again after")
      yield* screen.enter("/close 4001 so long")
      const text = yield* screen.shows("[exit 0]")
      expect(text).not.toMatch(/\] >/)
      expect(server.closed).toEqual(["1000 ", "4001 so long"])
    }), 30_000)

  it.live("Ctrl-C empties the line, and then ends it", () =>
    Effect.gen(function*() {
      const server = yield* attended
      const screen = yield* terminal(["connect", server.url])
      yield* screen.shows("[open")
      yield* screen.type("half a line")
      yield* screen.shows("half a line")
      yield* screen.press("C-c")
      yield* screen.shows(/\] >\s*$/)
      yield* screen.press("C-c")
      yield* screen.shows("[exit 130]")
      yield* server.notice.when(() => server.closed[0])
      expect(server.closed).toEqual(["1000 "])
    }), 30_000)

  it.live(
    "a loss is told, with the time to the next dial, and what is typed meanwhile is sent afterwards",
    () =>
      Effect.gen(function*() {
        const { port } = yield* echo()
        const proxy = yield* tcpProxy.make(port)
        const screen = yield* terminal(["connect", `ws://127.0.0.1:${proxy.port}`])
        yield* screen.shows("[open")
        yield* proxy.refuse
        yield* screen.shows(/Disconnected: .*\nNext dial in /s)
        yield* screen.enter("are you back")
        yield* screen.shows("> are you back")
        yield* proxy.mend
        yield* screen.shows("Connected again after")
        yield* screen.shows("< are you back")
      }),
    60_000
  )

  it.live("what comes cannot play tricks on the terminal", () =>
    Effect.gen(function*() {
      const server = yield* attended
      const screen = yield* terminal(["connect", server.url])
      yield* screen.shows("[open")
      const socket = yield* server.socket
      socket.send("\u001b[2Jgone\u0007\u009b1m")
      socket.send(Buffer.from([0, 255]))
      const text = yield* screen.shows("bytes")
      expect(text).toContain("Connected.\n< \\x1b[2Jgone\\x07\\x9b1m\n< (2 bytes) 00ff\n")
    }), 30_000)

  it.live("messages go to a file where stdout is one", () =>
    Effect.gen(function*() {
      const { url } = yield* echo()
      const file = join(yield* folder, "out")
      const screen = yield* terminal(["connect", url], { after: `> ${file}` })
      yield* screen.shows("[open")
      yield* screen.enter("into the file")
      yield* screen.shows(/last \d+ s ago/)
      yield* screen.press("C-d")
      yield* screen.shows("[exit 0]")
      expect(readFileSync(file, "utf8")).toBe("into the file\n")
    }), 30_000)

  it.live("a passphrase is asked for, and not shown", () =>
    Effect.gen(function*() {
      const keys = yield* folder
      writeFileSync(join(keys, "key.pem"), certificate.encryptedKey)
      writeFileSync(join(keys, "cert.pem"), certificate.cert)
      const { port } = yield* Effect.acquireRelease(
        Effect.callback<{ readonly port: number; readonly stop: () => void }>((resume) => {
          const { cert, key } = certificate
          const https = createServer({ cert, key, ca: cert, requestCert: true, rejectUnauthorized: true })
          const server = new WebSocketServer({ server: https })
          https.listen(0, "127.0.0.1", () =>
            resume(Effect.succeed({
              port: (https.address() as AddressInfo).port,
              stop: () => {
                for (const client of server.clients) client.terminate()
                https.closeAllConnections()
                https.close()
              }
            })))
        }),
        ({ stop }) => Effect.sync(stop)
      )
      const screen = yield* terminal([
        ...["connect", `wss://localhost:${port}`, "--ca", join(keys, "cert.pem")],
        ...["--cert", join(keys, "cert.pem"), "--key", join(keys, "key.pem"), "--ask-passphrase"]
      ])
      yield* screen.shows("Passphrase")
      yield* screen.enter(certificate.passphrase)
      const text = yield* screen.shows("[open")
      expect(text).not.toContain(`${certificate.passphrase}\n`)
    }), 30_000)
})
