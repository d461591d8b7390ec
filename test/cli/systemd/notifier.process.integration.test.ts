import { it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { describe, expect } from "vitest"
import { requires } from "../../setup/requirements.ts"
import { start } from "../../support/cliProcess.ts"
import { notifySocket } from "../../support/notifySocket.ts"
import * as wsServer from "../../support/wsServer.ts"

const socat = requires("socat")

describe("holdfast run under systemd", () => {
  it.live.skipIf(!socat.available || !requires("systemd").available)(
    "says when it is ready, how it is, that it lives, and that it ends",
    () =>
      Effect.gen(function*() {
        const systemd = yield* notifySocket(socat.path ?? "")
        const server = yield* wsServer.echo()
        const folder = yield* Effect.acquireRelease(
          Effect.sync(() => mkdtempSync(join(tmpdir(), "holdfast-systemd-"))),
          (folder) => Effect.sync(() => rmSync(folder, { recursive: true }))
        )
        const config = join(folder, "feeds.json")
        writeFileSync(config, JSON.stringify({ connections: { feed: { url: server.url }, chat: { url: server.url } } }))
        const service = yield* start(["run", config], {
          env: { NOTIFY_SOCKET: systemd.path, WATCHDOG_USEC: "400000", WATCHDOG_PID: undefined }
        })
        yield* systemd.hears("READY=1")
        yield* systemd.hears("STATUS=2 of 2 open")
        yield* systemd.hears("WATCHDOG=1")
        const [one] = server.server.clients
        one?.close(1012, "restart")
        yield* systemd.hears("STATUS=1 of 2 open; ")
        yield* service.kill("SIGTERM")
        yield* systemd.hears("STOPPING=1")
        expect((yield* service.exit).code).toBe(0)
      })
  )

  it.live.skipIf(!socat.available || !requires("systemd").available)(
    "ends with a code that systemd does not start again, where a server refuses it",
    () =>
      Effect.gen(function*() {
        const systemd = yield* notifySocket(socat.path ?? "")
        const server = yield* wsServer.echo({ verifyClient: (_, done) => done(false, 403) })
        const folder = yield* Effect.acquireRelease(
          Effect.sync(() => mkdtempSync(join(tmpdir(), "holdfast-systemd-"))),
          (folder) => Effect.sync(() => rmSync(folder, { recursive: true }))
        )
        const config = join(folder, "feeds.json")
        writeFileSync(config, JSON.stringify({ connections: { feed: { url: server.url } } }))
        const service = yield* start(["run", config], { env: { NOTIFY_SOCKET: systemd.path } })
        const { code, stderr } = yield* service.exit
        expect(code).toBe(10)
        expect(stderr).toContain("403")
        expect(systemd.heard()).not.toContain("READY")
      })
  )
})
