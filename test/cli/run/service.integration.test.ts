import { it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { describe, expect } from "vitest"
import type { WebSocket } from "ws"
import * as configFolder from "../../support/configFolder.ts"
import { Notice } from "../../support/notice.ts"
import { closedPort } from "../../support/realConnection.ts"
import * as realServer from "../../support/realServer.ts"
import { eventually } from "../../support/workbench.ts"
import * as wsServer from "../../support/wsServer.ts"

const { quick } = configFolder

/** A server that knows who is connected, by path, and with which codes they closed. */
const server = Effect.gen(function*() {
  const notice = new Notice()
  const open = new Map<string, WebSocket>()
  const opened: Array<string> = []
  const closed: Array<number> = []
  const { url } = yield* wsServer.make((socket, request) => {
    const path = request.url ?? ""
    open.set(path, socket)
    opened.push(path)
    notice.notify()
    socket.on("close", (code) => {
      open.delete(path)
      closed.push(code)
      notice.notify()
    })
  })
  return { url, open, opened, closed, when: (holds: () => boolean) => notice.when(() => holds() || undefined) }
})

describe("holdfast run", () => {
  it.live("says what a reload does not change", () =>
    Effect.gen(function*() {
      const { url } = yield* server
      const connections = { feed: { url: `${url}feed` } }
      const config = yield* configFolder.make({ connections })
      const process = yield* config.run()
      yield* process.prints("feed: open")
      config.write({ connections, http: { listen: "127.0.0.1:0" } })
      yield* process.kill("SIGHUP")
      yield* process.prints("http, log or daemon is not what it was")
      yield* process.prints("feed unchanged")
    }))

  it.live("keeps connections alive, says what they do on stderr, and ends well on SIGTERM with 1001", () =>
    Effect.gen(function*() {
      const { closed, open, opened, url, when } = yield* server
      const config = yield* configFolder.make({
        defaults: quick,
        connections: { feed: { url: `${url}feed`, to: ["stdout"] } }
      })
      const process = yield* config.run()
      yield* process.prints("feed: open (session 1, after ")
      open.get("/feed")?.send("one")
      yield* process.prints("one\n")
      open.get("/feed")?.terminate()
      yield* process.prints("feed: open (session 2, after ")
      open.get("/feed")?.send("two")
      yield* process.prints("two\n")
      yield* process.kill("SIGTERM")
      const { code, stderr, stdout } = yield* process.exit
      yield* when(() => closed.length === 2)
      expect({ code, stdout, closed, opened: opened.length }).toEqual({
        code: 0,
        stdout: "one\ntwo\n",
        closed: [1006, 1001],
        opened: 2
      })
      expect(stderr).toMatch(/feed: lost after \d+ ms: .*without a Close frame/)
      expect(stderr).toMatch(/feed: dials again in \d+ ms \(dial \d\)/)
      expect(stderr).toMatch(/feed: closed\n$/)
    }))

  it.live("says the same as NDJSON", () =>
    Effect.gen(function*() {
      const { open, url } = yield* server
      const config = yield* configFolder.make({ connections: { feed: { url, to: ["stdout"] } } })
      const process = yield* config.run({}, "--json")
      yield* process.prints(`"event":"open"`)
      open.get("/")?.send("one")
      yield* process.prints("one")
      yield* process.kill("SIGINT")
      const { code, stderr, stdout } = yield* process.exit
      expect(code).toBe(0)
      expect(JSON.parse(stdout)).toMatchObject({ connection: "feed", session: 1, text: "one" })
      const notes = stderr.trim().split("\n").map((line) => JSON.parse(line))
      expect(notes[0]).toMatchObject({ level: "info", event: "open", connection: "feed", session: 1 })
    }))

  it.live("ends well also while it dials", () =>
    Effect.gen(function*() {
      const silent = yield* realServer.make({ silent: true })
      const config = yield* configFolder.make({ connections: { feed: { url: silent.url, timeout: "1 minute" } } })
      const process = yield* config.run({}, "--verbose")
      yield* silent.connection
      const begun = performance.now()
      yield* process.kill("SIGTERM")
      const { code } = yield* process.exit
      expect(code).toBe(0)
      expect(performance.now() - begun).toBeLessThan(4000)
    }))

  it.live("ends within 8 seconds, whatever the peer and the sinks do", () =>
    Effect.gen(function*() {
      const deaf = yield* realServer.make()
      const config = yield* configFolder.make({
        connections: {
          feed: {
            url: deaf.url,
            closeTimeout: "5 s",
            to: [60, 61, 62].map((seconds) => ({ type: "pipe", command: ["sleep", String(seconds)] }))
          }
        }
      })
      const process = yield* config.run()
      const peer = yield* deaf.peer
      peer.manners.close = false
      yield* process.prints("feed: open")
      const begun = performance.now()
      yield* process.kill("SIGTERM")
      const { code, stderr } = yield* process.exit
      // The worker of a daemon has less than 8 s.
      expect(performance.now() - begun).toBeLessThan(6500)
      expect(code).toBe(0)
      expect(stderr).toContain("feed: closed")
    }))

  it.live("ends with the first cause when all connections are closed for good", () =>
    Effect.gen(function*() {
      const port = yield* closedPort
      const refusing = yield* realServer.make()
      yield* refusing.answer(({ socket }) => socket.end("HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n"))
      const once = { ...quick, reconnect: false }
      const refused = yield* configFolder.make({ defaults: once, connections: { a: { url: refusing.url } } })
      expect((yield* Effect.flatMap(refused.run(), ({ exit }) => exit)).code).toBe(10)
      const tcp = yield* configFolder.make({ defaults: once, connections: { a: { url: `ws://127.0.0.1:${port}/` } } })
      expect((yield* Effect.flatMap(tcp.run(), ({ exit }) => exit)).code).toBe(14)
      const twice = { reconnect: { base: "10 ms", times: 1 } }
      const gaveUp = yield* configFolder.make({
        defaults: twice,
        connections: { a: { url: `ws://127.0.0.1:${port}/` } }
      })
      const { code, stderr } = yield* Effect.flatMap(gaveUp.run(), ({ exit }) => exit)
      expect(code).toBe(18)
      expect(stderr).toContain("a: closed for good after 2 dials: ")
      expect(stderr.split("closed for good")).toHaveLength(2)
      expect(stderr).toContain("Gave up after 2 dials.")
    }))

  it.live("goes on while one of them lives", () =>
    Effect.gen(function*() {
      const { url } = yield* server
      const port = yield* closedPort
      const config = yield* configFolder.make({
        connections: { dead: { url: `ws://127.0.0.1:${port}/`, reconnect: false }, feed: { url } }
      })
      const process = yield* config.run()
      yield* process.prints("dead: closed for good after 1 dial: ")
      yield* process.prints("feed: open")
      yield* process.kill("SIGTERM")
      expect((yield* process.exit).code).toBe(0)
    }))
})

describe("SIGHUP", () => {
  it.live("changes what was changed, and touches nothing else", () =>
    Effect.gen(function*() {
      const { closed, open, opened, url, when } = yield* server
      const feed = (name: string) => ({ url: `${url}${name}` })
      const config = yield* configFolder.make({
        connections: { kept: feed("kept"), changed: feed("changed"), removed: feed("removed") }
      })
      const process = yield* config.run()
      yield* when(() => open.size === 3)
      config.write({
        connections: { kept: feed("kept"), changed: feed("changed-too"), added: feed("added") }
      })
      yield* process.kill("SIGHUP")
      yield* process.prints("added added; changed changed; removed removed; kept unchanged")
      yield* when(() => open.size === 3)
      expect([...open.keys()].toSorted()).toEqual(["/added", "/changed-too", "/kept"])
      expect(opened.filter((path) => path === "/kept").length).toBe(1)
      expect(closed).toEqual([1001, 1001])
      yield* process.kill("SIGTERM")
      expect((yield* process.exit).code).toBe(0)
    }))

  it.live("with a broken config changes nothing, and says what is wrong", () =>
    Effect.gen(function*() {
      const { closed, open, opened, url } = yield* server
      const config = yield* configFolder.make({ connections: { feed: { url, to: ["stdout"] } } })
      const process = yield* config.run()
      yield* process.prints("feed: open")
      config.write(`{ "connections": { "feed": { "url": "${url}", "hartbeat": 1 } } }`)
      yield* process.kill("SIGHUP")
      yield* process.prints("not reloaded, everything stays as it is: ")
      yield* process.prints(`connections.feed.hartbeat is unknown; did you mean "heartbeat"?`)
      config.write("{ nonsense")
      yield* process.kill("SIGHUP")
      yield* process.prints("feeds.json:1:3: Expected property name or '}'")
      open.get("/")?.send("still here")
      yield* process.prints("still here")
      expect({ closed, opened }).toEqual({ closed: [], opened: ["/"] })
      // And a right one is taken again.
      config.write({ connections: { feed: { url: `${url}new` } } })
      yield* process.kill("SIGHUP")
      yield* eventually(() => open.has("/new") || undefined)
      yield* process.kill("SIGTERM")
      expect((yield* process.exit).code).toBe(0)
    }))

  it.live("opens the files of sinks anew", () =>
    Effect.gen(function*() {
      const { open, url } = yield* server
      const config = yield* configFolder.make({
        connections: { feed: { url, to: [{ type: "file", path: "log", format: "raw" }] } }
      })
      const log = join(config.path, "log")
      const has = (path: string, text: string) =>
        eventually(() => existsSync(path) && readFileSync(path, "utf8").includes(text) || undefined)
      const process = yield* config.run()
      yield* process.prints("feed: open")
      open.get("/")?.send("one")
      yield* has(log, "one\n")
      renameSync(log, `${log}.1`)
      yield* process.kill("SIGHUP")
      yield* process.prints("feed unchanged")
      open.get("/")?.send("two")
      yield* has(log, "two\n")
      expect(readFileSync(`${log}.1`, "utf8")).toBe("one\n")
    }))

  it.live("sees a secret that was changed in its file", () =>
    Effect.gen(function*() {
      const seen: Array<string | undefined> = []
      const notice = new Notice()
      const { url } = yield* wsServer.make((_socket, { headers }) => {
        seen.push(headers.authorization)
        notice.notify()
      })
      const config = yield* configFolder.make({ connections: { feed: { url, auth: { bearer: { file: "token" } } } } })
      writeFileSync(join(config.path, "token"), "one\n")
      const process = yield* config.run()
      yield* notice.when(() => seen.length === 1 || undefined)
      writeFileSync(join(config.path, "token"), "two\n")
      yield* process.kill("SIGHUP")
      yield* notice.when(() => seen.length === 2 || undefined)
      expect(seen).toEqual(["Bearer one", "Bearer two"])
      yield* process.kill("SIGTERM")
      const { stderr } = yield* process.exit
      expect(stderr).not.toMatch(/Bearer|two/)
    }))
})

describe("many connections", () => {
  it.live("200 of them live in one process, and leave in good order", () =>
    Effect.gen(function*() {
      const { closed, open, url, when } = yield* server
      const config = yield* configFolder.make({
        connections: { feed: { url: `${url}{n}`, count: 200, to: [{ type: "file", path: "all", format: "raw" }] } }
      })
      const process = yield* config.run({}, "--quiet")
      yield* when(() => open.size === 200)
      for (const [path, socket] of open) socket.send(path)
      const all = join(config.path, "all")
      const lines = () => existsSync(all) ? readFileSync(all, "utf8").trim().split("\n") : []
      yield* eventually(() => lines().length === 200 || undefined)
      expect(new Set(lines()).size).toBe(200)
      yield* process.kill("SIGTERM")
      const { code, stderr } = yield* process.exit
      yield* when(() => closed.length === 200)
      expect({ code, stderr }).toEqual({ code: 0, stderr: "" })
      expect(new Set(closed)).toEqual(new Set([1001]))
    }))
})
