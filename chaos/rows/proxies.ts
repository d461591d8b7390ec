// What nginx and HAProxy do alike: they cut silent tunnels, reload, die, and stand before a server that is gone.
import { Duration, Effect, type Scope } from "effect"
import { chatter, connect } from "../client.ts"
import * as Server from "../feed/server.ts"
import { holds, outage, type Row, type Seen } from "../row.ts"
import type { Proxy } from "../world/proxy.ts"
import { expectReasons, list, tally } from "./expectations.ts"

export interface Kind {
  readonly name: "haproxy" | "nginx"
  readonly title: string
  /** What cuts a silent tunnel. */
  readonly silence: string
  /** One that cuts after that many milliseconds without a byte. */
  readonly start: (upstream: number, silence: number) => Effect.Effect<Proxy, never, Scope.Scope>
  /** What it answers while the server is gone. */
  readonly gone: string
}

const times = 10

/** Long enough to have nothing to do with a row. */
const never = 60_000

const through = (kind: Kind, silence: number) =>
  Effect.gen(function*() {
    const server = yield* Server.start()
    const proxy = yield* kind.start(server.port, silence)
    return { server, proxy }
  })

const restarted = (kind: Kind): Effect.Effect<Seen, unknown, Scope.Scope> =>
  Effect.gen(function*() {
    const { proxy } = yield* through(kind, never)
    const client = yield* connect(proxy.url)
    yield* client.connection.awaitOpen
    yield* chatter(client, 20)
    yield* client.more(10)
    const seen = yield* outage({
      client,
      begin: proxy.kill,
      end: Effect.andThen(client.first("AttemptFailed"), proxy.restart),
      reason: "AbnormalClosure",
      within: 0
    })
    const reasons = [...new Set(client.reasons)]
    yield* holds(reasons.includes("ConnectFailed ECONNREFUSED") && reasons.length === 2, list(reasons))
    return { ...seen, seen: list(reasons) }
  })

export const proxies = (kind: Kind): ReadonlyArray<Row> => {
  const { name, silence, title } = kind
  return [
    {
      id: `${name}-idle-cut`,
      scenario: "F43",
      title:
        `${title} cuts a silent tunnel (${silence} 600 ms) ten times; without a heartbeat each is a loss, and each is survived`,
      needs: [name],
      run: Effect.gen(function*() {
        const { proxy, server } = yield* through(kind, 600)
        yield* server.tell({ _tag: "feed", every: 0, width: 0 })
        const client = yield* connect(proxy.url, { heartbeat: false })
        yield* client.connection.awaitOpen
        const begun = performance.now()
        yield* client.count("Opened", times + 1)
        const detected = (client.of("Disconnected").at(-1)!.at - begun) / times
        yield* server.tell({ _tag: "feed", every: 20, width: 0 })
        yield* client.more(10)
        yield* holds(client.reasons.every((reason) => reason === "AbnormalClosure"), tally(client))
        return { seen: tally(client), detected }
      })
    },
    {
      id: `${name}-idle-beat`,
      scenario: "F43",
      title:
        `${title} would cut a silent tunnel (${silence} 600 ms); with the heartbeat, ten times that long is survived`,
      needs: [name],
      run: Effect.gen(function*() {
        const { proxy, server } = yield* through(kind, 600)
        yield* server.tell({ _tag: "feed", every: 0, width: 0 })
        const client = yield* connect(proxy.url, { heartbeat: { interval: "250 millis", timeout: "2 seconds" } })
        yield* client.connection.awaitOpen
        yield* Effect.sleep(600 * times)
        yield* server.tell({ _tag: "feed", every: 20, width: 0 })
        yield* client.more(10)
        return yield* expectReasons(client, [])
      })
    },
    {
      id: `${name}-reload`,
      scenario: "C27",
      title: `${title} reloads, and ends its old worker a second later: one loss, and no dial is refused`,
      needs: [name],
      run: Effect.gen(function*() {
        const { proxy } = yield* through(kind, never)
        const client = yield* connect(proxy.url)
        yield* client.connection.awaitOpen
        yield* chatter(client, 20)
        yield* client.more(10)
        const seen = yield* outage({ client, begin: proxy.reload, reason: "AbnormalClosure", within: 1500 })
        yield* expectReasons(client, [seen.seen])
        return seen
      })
    },
    {
      id: `${name}-kill`,
      scenario: "C27",
      title: `${title} is killed with all its processes, and comes back`,
      needs: [name],
      run: restarted(kind)
    },
    {
      id: `${name}-upstream-gone`,
      scenario: "C27",
      title:
        `The server behind ${title} is killed: the tunnel ends, dials are refused with ${kind.gone}, typed, until it is back`,
      needs: [name],
      run: Effect.gen(function*() {
        const { proxy, server } = yield* through(kind, never)
        const client = yield* connect(proxy.url)
        yield* client.connection.awaitOpen
        yield* client.more(10)
        const begun = performance.now()
        yield* server.program.kill
        const lost = yield* client.first("Disconnected", begun)
        yield* client.first("AttemptFailed", lost.at)
        yield* Server.start({ port: server.port })
        const healed = performance.now()
        const opened = yield* client.first("Opened", lost.at)
        yield* client.more(5)
        const reasons = [...new Set(client.reasons)]
        yield* holds(String(reasons) === `AbnormalClosure,HandshakeRejected ${kind.gone}`, list(reasons))
        return { seen: list(reasons), detected: lost.at - begun, recovered: opened.at - healed }
      })
    },
    {
      id: `${name}-buffered`,
      scenario: "D33",
      title: `${title} is killed three times while messages are buffered: what arrives is in order, nothing twice`,
      needs: [name],
      run: Effect.gen(function*() {
        const { proxy, server } = yield* through(kind, never)
        const client = yield* connect(proxy.url, {
          outbound: { whileDisconnected: { buffer: { messages: 10_000 }, overflow: "fail" } }
        })
        yield* client.connection.awaitOpen
        yield* chatter(client, 5)
        for (let kill = 1; kill <= 3; kill++) {
          yield* client.more(10)
          yield* proxy.kill
          yield* client.count("Disconnected", kill)
          yield* client.count("AttemptFailed", client.of("AttemptFailed").length + 1)
          yield* proxy.restart
          yield* client.count("Opened", kill + 1)
        }
        yield* client.more(10)
        yield* client.connection.flush
        const { sent } = client
        const arrived = yield* server.stats.pipe(
          Effect.map(({ received }) => received),
          Effect.repeat({ until: ({ last }) => last >= sent })
        )
        const lost = arrived.last - arrived.messages
        const { messages, outOfOrder, twice } = arrived
        yield* holds(twice === 0 && outOfOrder === 0, `${twice} arrived twice, ${outOfOrder} out of order`)
        yield* holds(lost <= 3 * 20, `${lost} of ${arrived.last} were lost with three sessions`)
        return { seen: `${messages} arrived, ${lost} were on their way in three cuts` }
      })
    },
    {
      id: `${name}-slow-reader`,
      scenario: "B15",
      title:
        `A reader behind ${title} takes nothing for longer than interval and timeout: paused, no drop, nothing lost`,
      needs: [name],
      run: Effect.gen(function*() {
        const { proxy, server } = yield* through(kind, never)
        yield* server.tell({ _tag: "feed", every: 0, width: 0 })
        const client = yield* connect(proxy.url, { inbound: { highWaterMark: 64 * 1024 } })
        const pull = yield* client.connection.subscribe
        yield* client.connection.awaitOpen
        yield* server.tell({ _tag: "burst", count: 600, width: 10_000 })
        yield* client.first("Paused")
        yield* Effect.sleep("1500 millis")
        yield* expectReasons(client, [])
        for (let taken = 0; taken < 600;) taken += (yield* pull).length
        const { event } = yield* client.first("Resumed")
        yield* expectReasons(client, [])
        return { seen: `no loss, paused for ${Duration.toSeconds(event.pausedFor).toFixed(1)} s` }
      })
    }
  ]
}
