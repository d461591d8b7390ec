// What HAProxy does in its own way.
import { Effect } from "effect"
import { connect } from "../client.ts"
import * as Server from "../feed/server.ts"
import { early, holds, type Row } from "../row.ts"
import * as Haproxy from "../world/haproxy.ts"
import { expectReasons } from "./expectations.ts"
import { proxies } from "./proxies.ts"

/** More than one request within two seconds is one too many. */
const limit = `
  stick-table type ip size 100 expire 10s store http_req_rate(2s)
  http-request track-sc0 src
  http-request deny deny_status 429 hdr Retry-After 2 if { sc_http_req_rate(0) gt 1 }
`

export const haproxy: ReadonlyArray<Row> = [
  {
    id: "haproxy-429",
    scenario: "A4",
    title:
      "HAProxy limits the rate, and answers 429 with Retry-After: 2: the next dial is not earlier, and gets through",
    needs: ["haproxy"],
    run: Effect.gen(function*() {
      const server = yield* Server.start()
      const proxy = yield* Haproxy.start({ upstream: server.port, frontend: limit })
      const client = yield* connect(proxy.url)
      yield* client.connection.awaitOpen
      yield* client.more(5)
      const begun = performance.now()
      yield* client.connection.reconnect()
      const refused = yield* client.first("AttemptFailed", begun)
      const dialled = yield* client.first("Dialling", refused.at)
      const redialled = dialled.at - refused.at
      yield* client.first("Opened", refused.at)
      yield* client.more(5)
      yield* holds(redialled >= 2000 - early, `dialled after ${redialled.toFixed(0)} ms`)
      return { seen: "HandshakeRejected 429", redialled }
    })
  },
  {
    id: "haproxy-403",
    scenario: "A2",
    title: "HAProxy denies with 403: one dial, and no other",
    needs: ["haproxy"],
    run: Effect.gen(function*() {
      const server = yield* Server.start()
      const proxy = yield* Haproxy.start({ upstream: server.port, frontend: "  http-request deny" })
      const client = yield* connect(proxy.url)
      yield* Effect.flip(client.connection.awaitOpen)
      yield* client.first("Closed")
      return yield* expectReasons(client, ["HandshakeRejected 403"])
    })
  },
  ...proxies({
    name: "haproxy",
    title: "HAProxy",
    silence: "timeout tunnel",
    start: (upstream, silence) => Haproxy.start({ upstream, tunnel: `${silence}ms` }),
    gone: "503"
  })
]
