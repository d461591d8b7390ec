// Eclipse Mosquitto, where the machine has it: a broker of its own, for the life of the scope.
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { spawn } from "node:child_process"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { requires } from "../setup/requirements.ts"
import { Notice } from "./notice.ts"
import { closedPort } from "./realConnection.ts"

/** The port on which it speaks MQTT over WebSocket. */
export const mosquitto: Effect.Effect<number, never, Scope.Scope> = Effect.gen(function*() {
  const notice = new Notice()
  const [tcp, port] = yield* Effect.all([closedPort, closedPort])
  let output = ""
  let ended = false
  yield* Effect.acquireRelease(
    Effect.sync(() => {
      const folder = mkdtempSync(join(tmpdir(), "holdfast-mosquitto-"))
      const config = join(folder, "mosquitto.conf")
      // Version 2.0.11 does not start without a listener of TCP beside it.
      writeFileSync(
        config,
        `user root\nallow_anonymous true\nlistener ${tcp} 127.0.0.1\nlistener ${port} 127.0.0.1\nprotocol websockets\n`
      )
      const child = spawn(requires("mosquitto").path ?? "mosquitto", ["-c", config], {
        stdio: ["ignore", "ignore", "pipe"]
      })
      child.stderr.setEncoding("utf8").on("data", (chunk: string) => {
        output += chunk
        notice.notify()
      })
      child.on("close", () => {
        ended = true
        notice.notify()
      })
      return { child, folder }
    }),
    ({ child, folder }) =>
      Effect.suspend(() => {
        child.kill("SIGKILL")
        return Effect.andThen(
          notice.when(() => ended || undefined),
          Effect.sync(() => rmSync(folder, { recursive: true }))
        )
      })
  )
  const started = yield* notice.when(() => output.includes(" running") ? "running" : ended ? "ended" : undefined)
  return started === "running" ? port : yield* Effect.die(new Error(`mosquitto did not start:\n${output}`))
})
