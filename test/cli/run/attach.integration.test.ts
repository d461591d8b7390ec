import { it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { describe, expect } from "vitest"
import type { WebSocket } from "ws"
import { make as makeFleet } from "../../../src/cli/fleet/make.ts"
import { attacher } from "../../../src/cli/run/attach.ts"
import { loadText } from "../../support/configFiles.ts"
import { eventually, make } from "../../support/workbench.ts"
import * as wsServer from "../../support/wsServer.ts"

/** A fleet with the connections of a config, and the means to end it. */
const begin = (config: object) =>
  Effect.gen(function*() {
    const bench = yield* make()
    const sinks = yield* Scope.make()
    const attach = yield* attacher.pipe(Effect.provide(bench.tools), Scope.provide(sinks))
    const scope = yield* Scope.make()
    const fleet = yield* Scope.provide(makeFleet, scope)
    const apply = (config: object) =>
      Effect.flatMap(
        loadText("a.json", JSON.stringify(config).replaceAll("$FOLDER", bench.folder)),
        ({ plans }) => fleet.apply(plans.map(attach))
      )
    yield* apply(config)
    const end = Effect.andThen(Scope.close(scope, Exit.void), Scope.close(sinks, Exit.void))
    return { ...bench, fleet, apply, end }
  })

describe("what is attached to a connection", () => {
  it.live("hands all of its messages to all of its sinks", () =>
    Effect.gen(function*() {
      const { url } = yield* wsServer.make((socket) => ["hello", "again"].forEach((text) => socket.send(text)))
      const { end, folder, stdout } = yield* begin({
        connections: { feed: { url, to: ["stdout", { type: "file", path: "$FOLDER/{name}.ndjson" }] } }
      })
      yield* eventually(() => stdout() === "hello\nagain\n" || undefined)
      yield* end
      const records = readFileSync(join(folder, "feed.ndjson"), "utf8").trim().split("\n").map((line) =>
        JSON.parse(line)
      )
      expect(records).toMatchObject([{ connection: "feed", session: 1, text: "hello" }, { text: "again" }])
    }))

  it.live("hands over what was received and had to wait, before it closes", () =>
    Effect.gen(function*() {
      const texts = Array.from({ length: 200 }, (_, n) => `${n} ${"x".repeat(500)}`)
      const { url } = yield* wsServer.make((socket) => texts.forEach((text) => socket.send(text)))
      const { end, fleet, folder } = yield* begin({
        connections: { waiting: { url, to: [{ type: "pipe", command: "sleep 0.5; cat > $FOLDER/out", queue: 3 }] } }
      })
      yield* eventually(() => Effect.runSync(fleet.reports)[0]?.received.messages === texts.length || undefined)
      const written = () =>
        readdirSync(folder).includes("out") ? readFileSync(join(folder, "out"), "utf8").trim().split("\n") : []
      expect(written().length).toBeLessThan(texts.length)
      yield* end
      expect(written()).toEqual(texts)
    }))

  it.live("shares a sink with the others, which closes after the last", () =>
    Effect.gen(function*() {
      const sockets: Array<WebSocket> = []
      const { url } = yield* wsServer.make((socket, { url }) => {
        sockets.push(socket)
        socket.send(`from ${url}`)
      })
      const sinks = { all: { type: "file", path: "$FOLDER/all", format: "raw" } }
      const member = (n: number) => ({ url: `${url}${n}`, to: ["all"] })
      const { apply, end, folder } = yield* begin({ sinks, connections: { a: member(1), b: member(2) } })
      const lines = () =>
        readdirSync(folder).includes("all") ? readFileSync(join(folder, "all"), "utf8").trim().split("\n") : []
      yield* eventually(() => lines().length === 2 || undefined)
      // The first leaves; the other's messages still go there.
      yield* apply({ sinks, connections: { b: member(2) } })
      sockets.forEach((socket) => socket.send("again"))
      yield* eventually(() => lines().length === 3 || undefined)
      yield* end
      expect(lines().toSorted()).toEqual(["again", "from /1", "from /2"])
    }))

  it.live("makes the peer wait for a sink that is slow, and nothing is lost", () =>
    Effect.gen(function*() {
      const total = 2000
      const message = "x".repeat(2000)
      const { url } = yield* wsServer.make((socket) => {
        for (let n = 0; n < total; n++) socket.send(`${n} ${message}`)
      })
      const { end, folder, fleet } = yield* begin({
        connections: {
          feed: {
            url,
            inbound: { highWaterMark: "64 KiB" },
            to: [{ type: "pipe", command: "sleep 0.5; cat > $FOLDER/out", queue: 10 }]
          }
        }
      })
      let paused = false
      yield* eventually(() => {
        const file = readdirSync(folder).includes("out") ? readFileSync(join(folder, "out"), "utf8") : ""
        paused ||= Effect.runSync(fleet.reports)[0]?.paused === true
        return file.includes(`\n${total - 1} `) || undefined
      })
      yield* end
      expect(paused).toBe(true)
      const lines = readFileSync(join(folder, "out"), "utf8").trim().split("\n")
      expect(lines.map((line) => Number(line.split(" ")[0]))).toEqual(Array.from({ length: total }, (_, n) => n))
    }))

  it.live("goes with its connection", () =>
    Effect.gen(function*() {
      const received: Array<string> = []
      const { url } = yield* wsServer.make((socket) =>
        socket.on("message", (data: Buffer) => received.push(data.toString()))
      )
      const command = { type: "command", command: "while :; do echo tick; sleep 0.02; done" }
      const { apply, end } = yield* begin({ connections: { a: { url, from: [command] }, b: { url } } })
      yield* eventually(() => received.length >= 3 || undefined)
      yield* apply({ connections: { b: { url } } })
      const count = received.length
      yield* Effect.sleep(200)
      expect(received.length).toBeLessThanOrEqual(count + 1)
      yield* end
    }))

  it.live("ends the programs of a connection that has gone, and not only at the end of all", () =>
    Effect.gen(function*() {
      const { url } = yield* wsServer.make(() => undefined)
      const to = [{ type: "pipe", command: "cat > /dev/null; echo gone > $FOLDER/sink-gone" }]
      const from = [{ type: "command", command: "echo $$ > $FOLDER/source-pid; exec sleep 60" }]
      const { apply, end, folder } = yield* begin({ connections: { a: { url, to, from }, b: { url } } })
      const read = (file: string) =>
        readdirSync(folder).includes(file) ? readFileSync(join(folder, file), "utf8") : undefined
      const source = Number(yield* eventually(() => read("source-pid")?.trim() || undefined))
      yield* apply({ connections: { b: { url } } })
      yield* eventually(() => read("sink-gone"))
      yield* eventually(() => isRunning(source) ? undefined : true)
      yield* end
    }))
})

const isRunning = (pid: number): boolean => {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}
