import { it } from "@effect/vitest"
import { Effect } from "effect"
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { describe, expect } from "vitest"
import { run, start } from "../../support/cliProcess.ts"
import { make } from "../../support/wsServer.ts"

const folder = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "holdfast-replay-"))),
  (folder) => Effect.sync(() => rmSync(folder, { recursive: true }))
)

describe("holdfast replay", () => {
  it.live(
    "serves what connect recorded, session after session, at its pace and with its closes",
    () =>
      Effect.gen(function*() {
        const file = join(yield* folder, "feed.ndjson")
        let sessions = 0
        const { url } = yield* make((socket) => {
          const session = ++sessions
          socket.send(`hello ${session}`)
          setTimeout(() => {
            socket.send(Buffer.from([session, 255]))
            if (session === 1) socket.close(4001, "again")
          }, 300)
        }, { handleProtocols: () => "chat" })
        const recorded = yield* run(["connect", url, "-s", "chat", "--hex", "--count", "4", "--record", file])
        expect(recorded.stdout).toBe("hello 1\n01ff\nhello 2\n02ff\n")

        const server = yield* start(["replay", file])
        yield* server.prints("ws://")
        const replayed = join(yield* folder, "again.ndjson")
        const client = yield* run([
          ...["connect", server.stdout().trim(), "-s", "other,chat", "--hex", "--count", "4", "--record", replayed]
        ])
        expect(client.stdout).toBe(recorded.stdout)
        expect((yield* server.exit).code).toBe(0)

        const entries = (name: string) =>
          readFileSync(name, "utf8").trimEnd().split("\n").slice(1).map((line) => JSON.parse(line))
        const before = entries(file)
        const after = entries(replayed)
        const data = (all: ReadonlyArray<Record<string, unknown>>) => all.map(({ at: _, ...rest }) => rest)
        expect(data(after)).toEqual(data(before))
        const gap = (all: ReadonlyArray<{ readonly at: number }>) => all[2]!.at - all[1]!.at
        expect(gap(after)).toBeGreaterThan(100)
        expect(gap(after)).toBeLessThan(gap(before) + 1000)
      }),
    30_000
  )

  it.live("begins again with --loop, for whoever comes", () =>
    Effect.gen(function*() {
      const file = join(yield* folder, "feed.ndjson")
      const lines = [
        { holdfast: "recording/1", startedAt: "2026-01-01T00:00:00.000Z", endpoint: "ws://x/" },
        { at: 0, kind: "open" },
        { at: 5000, direction: "received", kind: "text", data: "late" }
      ]
      writeFileSync(file, lines.map((line) => `${JSON.stringify(line)}\n`).join(""))
      const server = yield* start(["replay", file, "--loop", "--speed", "0", "--json"])
      yield* server.prints("listening")
      const { url } = JSON.parse(server.stdout()) as { readonly url: string }
      for (let i = 0; i < 3; i++) {
        expect(yield* run(["connect", url, "--no-reconnect"])).toMatchObject({ code: 0, stdout: "late\n" })
      }
      yield* server.kill("SIGINT")
      expect((yield* server.exit).code).toBe(130)
    }), 30_000)

  it.live("says what is no recording", () =>
    Effect.gen(function*() {
      const file = join(yield* folder, "other")
      writeFileSync(file, "hello\n")
      expect(yield* run(["replay", file])).toMatchObject({ code: 2, stdout: "" })
      expect(yield* run(["replay", "/none"])).toMatchObject({ code: 2, stderr: "There is no file /none.\n" })
      expect(yield* run(["replay", file, "--speed", "-1"])).toMatchObject({ code: 2 })
    }))
})
