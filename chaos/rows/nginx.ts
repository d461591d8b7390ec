// What nginx does in its own way.
import { Duration, Effect } from "effect"
import { connect } from "../client.ts"
import * as Server from "../feed/server.ts"
import { early, holds, type Row } from "../row.ts"
import * as Nginx from "../world/nginx.ts"
import { expectReasons, list } from "./expectations.ts"
import { proxies } from "./proxies.ts"

const answering = (location: string) =>
  Effect.gen(function*() {
    const server = yield* Server.start()
    return yield* Nginx.start({ upstream: server.port, location })
  })

export const nginx: ReadonlyArray<Row> = [
  {
    id: "nginx-401",
    scenario: "A2",
    title: "nginx answers 401: seen as a 401, dialled once more at once, then stopped",
    needs: ["nginx"],
    run: Effect.gen(function*() {
      const proxy = yield* answering("return 401;")
      const client = yield* connect(proxy.url)
      const error = yield* Effect.flip(client.connection.awaitOpen)
      yield* client.first("Closed")
      yield* holds(error.reason._tag === "HandshakeRejected", error.message)
      yield* holds(client.of("Dialling").length === 2, `${client.of("Dialling").length} dials`)
      return yield* expectReasons(client, ["HandshakeRejected 401", "HandshakeRejected 401"])
    })
  },
  {
    id: "nginx-no-upgrade",
    scenario: "A6",
    title: "nginx forwards without the Upgrade header, as its default is: a typed refusal, and no dial follows",
    needs: ["nginx"],
    run: Effect.gen(function*() {
      const server = yield* Server.start()
      const proxy = yield* Nginx.start({
        upstream: server.port,
        location: `proxy_pass http://127.0.0.1:${server.port};`
      })
      const client = yield* connect(proxy.url)
      yield* Effect.flip(client.connection.awaitOpen)
      yield* client.first("Closed")
      return yield* expectReasons(client, ["HandshakeRejected 426"])
    })
  },
  {
    id: "nginx-503",
    scenario: "A4",
    title: "nginx answers 503 with Retry-After: 1: the next dial is not earlier",
    needs: ["nginx"],
    run: Effect.gen(function*() {
      const proxy = yield* answering("add_header Retry-After 1 always; return 503;")
      const client = yield* connect(proxy.url)
      yield* Effect.forkScoped(Effect.ignore(client.connection.awaitOpen))
      yield* client.count("Dialling", 3)
      const dials = client.of("Dialling").map(({ at }) => at)
      const waits = dials.slice(1).map((at, index) => at - dials[index]!)
      const least = Math.min(...waits)
      yield* holds(least >= 1000 - early, `a dial after ${least.toFixed(0)} ms`)
      const floors = client.of("WaitScheduled").map(({ event }) => Duration.toMillis(event.floor))
      yield* holds(floors.every((floor) => floor === 1000), `floors of ${floors.join(", ")} ms`)
      return { seen: `${client.reasons[0]}; dialled after ${least.toFixed(0)} ms at the earliest`, redialled: least }
    })
  },
  {
    id: "nginx-upstream-stalls",
    scenario: "A5",
    title: "The server behind nginx accepts TCP and hangs: 504, typed, until it wakes up",
    needs: ["nginx"],
    run: Effect.gen(function*() {
      const server = yield* Server.start()
      const proxy = yield* Nginx.start({ upstream: server.port, more: "proxy_read_timeout 500ms;" })
      yield* server.program.signal("SIGSTOP")
      const client = yield* connect(proxy.url)
      yield* Effect.forkScoped(Effect.ignore(client.connection.awaitOpen))
      const failed = yield* client.first("AttemptFailed")
      yield* server.program.signal("SIGCONT")
      const opened = yield* client.first("Opened")
      yield* client.more(5)
      const reasons = [...new Set(client.reasons)]
      yield* holds(String(reasons) === "HandshakeRejected 504", list(reasons))
      return { seen: list(reasons), recovered: opened.at - failed.at }
    })
  },
  ...proxies({
    name: "nginx",
    title: "nginx",
    silence: "proxy_read_timeout",
    start: (upstream, silence) => Nginx.start({ upstream, more: `proxy_read_timeout ${silence}ms;` }),
    gone: "502"
  })
]
