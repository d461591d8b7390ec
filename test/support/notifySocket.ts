// A socket as systemd has one for the words of its services: datagrams, received by socat, since Node has none.
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { spawn } from "node:child_process"
import { existsSync, mkdtempSync, rmSync, watch } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Notice } from "./notice.ts"

export interface NotifySocket {
  /** What `NOTIFY_SOCKET` says. */
  readonly path: string
  /** All that was said. */
  readonly heard: () => string
  /** Waits until somebody has said this. */
  readonly hears: (text: string) => Effect.Effect<void>
}

export const notifySocket = (socat: string): Effect.Effect<NotifySocket, never, Scope.Scope> =>
  Effect.gen(function*() {
    const notice = new Notice()
    let heard = ""
    let ended = false
    const folder = yield* Effect.acquireRelease(
      Effect.sync(() => mkdtempSync(join(tmpdir(), "holdfast-notify-"))),
      (folder) => Effect.sync(() => rmSync(folder, { recursive: true }))
    )
    const path = join(folder, "notify")
    yield* Effect.acquireRelease(
      Effect.sync(() => {
        const child = spawn(socat, ["-u", `UNIX-RECV:${path}`, "STDOUT"], { stdio: ["ignore", "pipe", "ignore"] })
        child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
          heard += `${chunk}\n`
          notice.notify()
        })
        child.on("close", () => {
          ended = true
          notice.notify()
        })
        return child
      }),
      (child) =>
        Effect.suspend(() => {
          child.kill("SIGKILL")
          return notice.when(() => ended || undefined)
        })
    )
    const watcher = watch(folder, () => notice.notify())
    yield* notice.when(() => existsSync(path) || undefined)
    watcher.close()
    return {
      path,
      heard: () => heard,
      hears: (text) => Effect.asVoid(notice.when(() => heard.includes(text) || undefined))
    }
  })
