import { it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { spawn } from "node:child_process"
import { openSync } from "node:fs"
import { describe, expect } from "vitest"
import { executable } from "../../support/cliProcess.ts"
import * as configFolder from "../../support/configFolder.ts"
import { Notice } from "../../support/notice.ts"
import * as wsServer from "../../support/wsServer.ts"

describe("what sinks share", () => {
  it.live("sends on another connection of the config, and holds messages while it is not open", () =>
    Effect.gen(function*() {
      const notice = new Notice()
      const got: Array<string> = []
      let outside = 0
      const { url } = yield* wsServer.make((socket, request) => {
        if (request.url === "/inside") return socket.send("for outside")
        socket.on("message", (data: Buffer) => {
          got.push(data.toString())
          notice.notify()
        })
      }, {
        // The first dials are refused: the message waits.
        verifyClient: ({ req }, done) => done(req.url === "/inside" || ++outside > 3, 503)
      })
      const config = yield* configFolder.make({
        defaults: configFolder.quick,
        connections: {
          inside: { url: `${url}inside`, to: [{ type: "connection", connection: "outside" }] },
          outside: { url: `${url}outside` }
        }
      })
      const process = yield* config.run()
      yield* notice.when(() => got.length > 0 || undefined)
      expect(got).toEqual(["for outside"])
      yield* process.kill("SIGTERM")
      expect((yield* process.exit).code).toBe(0)
    }))

  it.live("ends with 23 where stdout is full, and with 141 where its reader has gone", () =>
    Effect.gen(function*() {
      const { url } = yield* wsServer.make((socket) => {
        const timer = setInterval(() => socket.send("tick"), 10)
        socket.on("close", () => clearInterval(timer))
      })
      const config = yield* configFolder.make({ connections: { feed: { url, to: ["stdout"] } } })
      const full = yield* exitCode(config.file, openSync("/dev/full", "w"))
      expect(full).toBe(23)
      const process = yield* Effect.acquireRelease(
        Effect.sync(() =>
          spawn("sh", [
            "-c",
            `"$0" "$1" run "$2" | head -n 1 >/dev/null`,
            globalThis.process.execPath,
            executable,
            config.file
          ])
        ),
        (child) => Effect.sync(() => child.kill("SIGKILL"))
      )
      // The pipeline ends, which it does only when both sides have.
      yield* Effect.callback<void>((resume) => void process.on("close", () => resume(Effect.void)))
    }))
})

const exitCode = (file: string, stdout: number): Effect.Effect<number | null> =>
  Effect.callback((resume) => {
    const child = spawn(process.execPath, [executable, "run", file], { stdio: ["ignore", stdout, "ignore"] })
    child.on("close", (code) => resume(Effect.succeed(code)))
    return Effect.sync(() => child.kill("SIGKILL"))
  })
