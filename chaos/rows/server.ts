// The server's process itself: not there, killed, hung.
import { Effect, Exit, Fiber } from "effect"
import { chatter, connect, describe, patience } from "../client.ts"
import * as Server from "../feed/server.ts"
import { holds, type Row, slack } from "../row.ts"
import { freePort } from "../world/processes.ts"
import { expectReasons, list } from "./expectations.ts"

export const server: ReadonlyArray<Row> = [
  {
    id: "refused",
    scenario: "A3",
    title: "Nobody listens at the first dial, a server comes a second later: retried like any other",
    needs: [],
    run: Effect.gen(function*() {
      const port = yield* freePort
      const client = yield* connect(`ws://127.0.0.1:${port}/`)
      const opening = yield* Effect.forkScoped(client.connection.awaitOpen, { startImmediately: true })
      const failed = yield* client.first("AttemptFailed")
      yield* Effect.sleep("1 second")
      yield* Server.start({ port })
      const healed = performance.now()
      yield* Fiber.join(opening)
      yield* client.more(5)
      yield* holds(client.reasons.every((reason) => reason === "ConnectFailed ECONNREFUSED"), list(client.reasons))
      return { seen: describe(failed.event), recovered: (yield* client.first("Opened")).at - healed }
    })
  },
  {
    id: "loop-blocked",
    scenario: "B14",
    title: "The event loop is blocked for longer than interval and timeout together, five times: no drop",
    needs: [],
    run: Effect.gen(function*() {
      const server = yield* Server.start({ every: 0 })
      const client = yield* connect(server.url)
      yield* client.connection.awaitOpen
      for (let i = 0; i < 5; i++) {
        yield* client.count("PongReceived", client.of("PongReceived").length + 1)
        const until = performance.now() + 1000
        while (performance.now() < until);
      }
      yield* client.count("PongReceived", client.of("PongReceived").length + 1)
      return yield* expectReasons(client, [])
    })
  },
  {
    id: "server-killed",
    scenario: "C27",
    title: "The server's process is killed and comes back half a second later",
    needs: [],
    run: Effect.gen(function*() {
      const server = yield* Server.start()
      const client = yield* connect(server.url)
      yield* client.connection.awaitOpen
      yield* client.more(10)
      const begun = performance.now()
      yield* server.program.kill
      const lost = yield* client.first("Disconnected", begun)
      yield* client.first("AttemptFailed", lost.at)
      yield* Effect.sleep("500 millis")
      yield* Server.start({ port: server.port })
      const healed = performance.now()
      const opened = yield* client.first("Opened", lost.at)
      yield* client.more(5)
      const reasons = [...new Set(client.reasons)]
      yield* holds(
        String(reasons) === "AbnormalClosure,ConnectFailed ECONNREFUSED" ||
          String(reasons) === "AbnormalClosure ECONNRESET,ConnectFailed ECONNREFUSED",
        list(reasons)
      )
      return { seen: list(reasons), detected: lost.at - begun, recovered: opened.at - healed }
    })
  },
  {
    id: "server-hung",
    scenario: "B12",
    title: "The server's process hangs (SIGSTOP) while its kernel goes on acknowledging; it wakes up later",
    needs: [],
    run: Effect.gen(function*() {
      const server = yield* Server.start()
      const client = yield* connect(server.url, { timeout: "500 millis" })
      yield* client.connection.awaitOpen
      yield* chatter(client, 20)
      yield* client.more(10)
      const begun = performance.now()
      yield* server.program.signal("SIGSTOP")
      const lost = yield* client.first("Disconnected", begun)
      yield* client.first("AttemptFailed", lost.at)
      yield* server.program.signal("SIGCONT")
      const healed = performance.now()
      const opened = yield* client.first("Opened", lost.at)
      yield* client.more(5)
      const reasons = [...new Set(client.reasons)]
      yield* holds(String(reasons) === "HeartbeatTimeout,HandshakeTimeout response", list(reasons))
      const detected = lost.at - begun
      yield* holds(detected <= patience + slack, `noticed after ${detected.toFixed(0)} ms`)
      return { seen: list(reasons), detected, recovered: opened.at - healed }
    })
  },
  {
    id: "server-never-reads",
    scenario: "D30",
    title: "The server hangs and reads nothing: send suspends at the mark, memory stays flat, what was lost is counted",
    needs: [],
    run: Effect.gen(function*() {
      const server = yield* Server.start()
      const client = yield* connect(server.url, {
        heartbeat: { interval: "400 millis", timeout: "1500 millis" },
        outbound: { highWaterMark: 64 * 1024 }
      })
      yield* client.connection.awaitOpen
      yield* client.more(5)
      yield* server.program.signal("SIGSTOP")
      const before = process.memoryUsage.rss()
      let sent = 0
      const message = "0".repeat(16 * 1024)
      const outcome = yield* client.connection.send(message).pipe(
        Effect.tap(() => Effect.sync(() => sent++)),
        Effect.forever,
        Effect.timeoutOption("1 second"),
        Effect.exit
      )
      const growth = (process.memoryUsage.rss() - before) / 2 ** 20
      yield* holds(Exit.isSuccess(outcome), "a send failed in place of being suspended")
      yield* holds(sent > 4 && sent < 2000, `${sent} messages of 16 KiB were taken`)
      yield* holds(growth < 32, `memory grew by ${growth.toFixed(0)} MiB`)
      const flushed = yield* Effect.forkScoped(Effect.flip(client.connection.flush), { startImmediately: true })
      const lost = yield* client.first("Disconnected")
      const { reason } = yield* Fiber.join(flushed)
      yield* holds(reason._tag === "SendFailed" && reason.delivery === "unknown", `flush failed with ${reason._tag}`)
      yield* holds(lost.event.unflushed.bytes > 0, "nothing was counted as unflushed")
      yield* server.program.signal("SIGCONT")
      yield* client.first("Opened", lost.at)
      yield* client.more(5)
      const { messages } = lost.event.unflushed
      return { seen: `${describe(lost.event)}; ${sent} taken, ${messages} unflushed, ${growth.toFixed(0)} MiB` }
    })
  }
]
