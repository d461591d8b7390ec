import { it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { get } from "node:http"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { describe, expect } from "vitest"
import { run, start } from "../../support/cliProcess.ts"
import * as wsServer from "../../support/wsServer.ts"

const config = (content: unknown) =>
  Effect.map(
    Effect.acquireRelease(
      Effect.sync(() => mkdtempSync(join(tmpdir(), "holdfast-beside-"))),
      (folder) => Effect.sync(() => rmSync(folder, { recursive: true }))
    ),
    (folder) => {
      const file = join(folder, "feeds.json")
      writeFileSync(file, JSON.stringify(content))
      return file
    }
  )

const status = (url: string, headers: Readonly<Record<string, string>> = {}) =>
  Effect.callback<number>((resume) => {
    get(url, { agent: false, headers: { ...headers, connection: "close" } }, (response) => {
      response.resume().on("end", () => resume(Effect.succeed(response.statusCode ?? 0)))
    }).on("error", (error) => resume(Effect.die(error)))
  })

const pageOf = (stderr: string) => /the page is at (\S+)/.exec(stderr)?.[1] ?? ""

describe("beside a running service", () => {
  it.live("is a page, where --http wants one", () =>
    Effect.gen(function*() {
      const server = yield* wsServer.echo()
      const service = yield* start([
        "run",
        yield* config({ connections: { feed: { url: server.url } } }),
        "--http",
        "127.0.0.1:0"
      ])
      yield* service.prints("feed: open")
      const page = pageOf(service.stderr())
      expect(yield* status(page)).toBe(200)
      expect(yield* status(`${page}readyz`)).toBe(200)
      expect(yield* status(`${page}metrics`)).toBe(200)
      yield* service.kill("SIGTERM")
      expect((yield* service.exit).code).toBe(0)
    }))

  it.live("is a page with a token, where the config says so", () =>
    Effect.gen(function*() {
      const server = yield* wsServer.echo()
      const token = "0123456789abcdef0123456789abcdef"
      const file = yield* config({
        http: { listen: "0.0.0.0:0", token: "${HTTP_TOKEN}" },
        connections: { feed: { url: server.url } }
      })
      const service = yield* start(["run", file], { env: { HTTP_TOKEN: token } })
      yield* service.prints("feed: open")
      const page = pageOf(service.stderr()).replace("0.0.0.0", "127.0.0.1")
      expect(yield* status(`${page}metrics`)).toBe(401)
      expect(yield* status(`${page}metrics`, { authorization: `Bearer ${token}` })).toBe(200)
      expect(service.stderr()).not.toContain(token)
    }))

  it.live("is no page for other machines without a token", () =>
    Effect.gen(function*() {
      const file = yield* config({ connections: { feed: { url: "ws://127.0.0.1:1/" } } })
      const { code, stderr } = yield* run(["run", file, "--http", "0.0.0.0:0"])
      expect(code).toBe(2)
      expect(stderr).toContain("token")
      // It is refused before anything dials.
      expect(stderr).not.toContain("not open")
    }))

  it.live("is nothing by default", () =>
    Effect.gen(function*() {
      const server = yield* wsServer.echo()
      const service = yield* start(["run", yield* config({ connections: { feed: { url: server.url } } })])
      yield* service.prints("feed: open")
      expect(service.stderr()).not.toContain("page")
    }))
})
