// A client's process that closes its scope must end by itself, whatever its peer does.
import { Effect } from "effect"
import { join } from "node:path"
import { createInterface } from "node:readline"
import { Notice } from "../../test/support/notice.ts"
import * as TcpProxy from "../../test/support/tcpProxy.ts"
import * as Server from "../feed/server.ts"
import { holds, type Row, slack } from "../row.ts"
import * as Processes from "../world/processes.ts"

const states = ["open", "dialling", "waiting"] as const

const titles: Record<(typeof states)[number], string> = {
  open: "the session is half-open",
  dialling: "a dial is stalled",
  waiting: "it waits for the next dial"
}

export const leaving: ReadonlyArray<Row> = states.map((state) => ({
  id: `leaving-${state}`,
  scenario: "E37",
  title: `A process closes its connection while ${titles[state]}: nothing keeps it alive`,
  needs: [],
  run: Effect.gen(function*() {
    const server = yield* Server.start()
    const wire = yield* TcpProxy.make(server.port)
    const port = state === "waiting" ? yield* Processes.freePort : wire.port
    if (state === "dialling") yield* wire.spoil("client", { stopAfter: 0 })
    const { child } = yield* Processes.start(process.execPath, [
      join(import.meta.dirname, "leaver.ts"),
      `ws://127.0.0.1:${port}/`,
      state
    ], ["pipe", "pipe", "inherit"])
    const notice = new Notice()
    const lines: Array<string> = []
    let ended: { readonly code: number | null } | undefined
    createInterface(child.stdout!).on("line", (line) => {
      lines.push(line)
      notice.notify()
    })
    child.on("close", (code) => {
      ended = { code }
      notice.notify()
    })
    yield* notice.when(() => lines.includes(state) || undefined)
    yield* wire.swallow
    const begun = performance.now()
    child.stdin!.end()
    const { code } = yield* notice.when(() => ended)
    const took = performance.now() - begun
    yield* holds(code === 0, `it ended with ${code}`)
    yield* holds(took < 500 + slack, `it lived on for ${took.toFixed(0)} ms`)
    return { seen: `ended after ${took.toFixed(0)} ms` }
  })
}))
