// A cable between two network namespaces: packets are dropped, lost and reset, the line is slow, the plug is pulled.
import { Effect, type Scope } from "effect"
import { chatter, connect, type Options, patience } from "../client.ts"
import { early, holds, outage, type Row, type Seen, slack } from "../row.ts"
import * as Cable from "../world/cable.ts"
import { expectReasons, tally } from "./expectations.ts"

const needs = ["networkNamespaces", "nft"] as const

const connected = (options: Options = {}, secure = false) =>
  Effect.gen(function*() {
    const cable = yield* Cable.make({ secure })
    const client = yield* connect(cable.server.url, options)
    yield* client.connection.awaitOpen
    yield* client.more(10)
    return { cable, client }
  })

/** States of a socket that somebody holds. */
const held = ["CLOSE-WAIT", "ESTAB", "SYN-SENT"]

/** This end holds no more than one socket to the server: that of the dial, or of the session, of now. */
const freed = (cable: Cable.Cable) =>
  Effect.gen(function*() {
    const states = yield* cable.sockets
    yield* holds(states.filter((state) => held.includes(state)).length <= 1, `sockets in ${states.join(", ")}`)
  })

interface Break {
  readonly begin: (cable: Cable.Cable) => Effect.Effect<void>
  readonly end: (cable: Cable.Cable) => Effect.Effect<void>
  readonly reason: string
  readonly within: number
}

const broken = (
  { begin, end, reason, within }: Break,
  talks: boolean,
  secure = false
): Effect.Effect<Seen, unknown, Scope.Scope> =>
  Effect.gen(function*() {
    const { cable, client } = yield* connected(
      { timeout: "1 second", transport: { tls: { rejectUnauthorized: false } } },
      secure
    )
    if (talks) yield* chatter(client, 20)
    const seen = yield* outage({
      client,
      begin: begin(cable),
      end: Effect.gen(function*() {
        // The descriptor is free although nobody answered, and the kernel goes on sending nothing.
        yield* freed(cable)
        const orphans = (yield* cable.sockets).filter((state) => state === "FIN-WAIT-1").length
        yield* holds(orphans === 0, `the kernel still sends what ${orphans} dead sessions left`)
        yield* end(cable)
      }),
      reason,
      within
    })
    // What the kernel kept of the lost session would be sent again by now.
    yield* Effect.sleep("2 seconds")
    const { received } = yield* cable.server.stats
    yield* holds(
      received.twice === 0 && received.outOfOrder === 0,
      `of what we sent, ${received.twice} arrived twice and ${received.outOfOrder} after later ones`
    )
    return seen
  })

const clear = (cable: Cable.Cable) => cable.clear

/** For each direction: the rule, and how long messages may still come. */
const drops = [
  ["both ways", { inbound: "drop", outbound: "drop" }, 0],
  ["inbound only", { inbound: "drop" }, 0],
  // The server sends on until its window is full, since nobody acknowledges.
  ["outbound only", { outbound: "drop" }, 3000]
] as const

export const cable: ReadonlyArray<Row> = [
  ...drops.flatMap(([title, rules, longer]) =>
    [false, true].map((talks): Row => ({
      id: `cable-drop-${title.split(" ")[0]}${talks ? "-sending" : ""}`,
      scenario: "B12",
      title: `Half-open: packets are dropped ${title}${
        talks ? ", while we send" : ""
      }; noticed in time, descriptor freed, redialled`,
      needs,
      run: broken({
        begin: (cable) => cable.rules(rules),
        end: clear,
        reason: "HeartbeatTimeout",
        within: patience + longer
      }, talks)
    }))
  ),
  {
    id: "cable-pulled",
    scenario: "B12",
    title: "The cable is pulled, and put back once the loss was noticed",
    needs,
    run: broken({
      begin: (cable) => cable.plug("down"),
      end: (cable) => cable.plug("up"),
      reason: "HeartbeatTimeout",
      within: patience
    }, false)
  },
  {
    id: "cable-address",
    scenario: "B12",
    title: "This machine loses its address (a lease that ends, a VPN that goes), and gets it back",
    needs,
    run: broken({
      begin: (cable) => cable.address("del"),
      end: (cable) => cable.address("add"),
      reason: "",
      within: patience
    }, true)
  },
  {
    id: "cable-secure",
    scenario: "B12",
    title: "The same over TLS, while we send: nothing of the dead session arrives behind the next one",
    needs,
    run: broken(
      {
        begin: (cable) => cable.address("del"),
        end: (cable) => cable.address("add"),
        reason: "",
        within: patience
      },
      true,
      true
    )
  },
  {
    id: "cable-blip",
    scenario: "B12",
    title: "The cable is out for half of the time that the heartbeat grants: no loss",
    needs,
    run: Effect.gen(function*() {
      const { cable, client } = yield* connected({ heartbeat: { interval: "1 second", timeout: "1 second" } })
      yield* cable.plug("down")
      yield* Effect.sleep("900 millis")
      yield* cable.plug("up")
      yield* client.more(50)
      return yield* expectReasons(client, [])
    })
  },
  {
    id: "cable-reset",
    scenario: "C27",
    title: "A firewall answers what we send with a reset",
    needs,
    run: broken({
      begin: (cable) => cable.rules({ outbound: "tcp dport != 0 reject with tcp reset" }),
      end: clear,
      reason: "AbnormalClosure",
      within: patience
    }, true)
  },
  {
    id: "cable-unreachable",
    scenario: "A3",
    title: "A router says that the host is unreachable, to dials too",
    needs,
    run: Effect.gen(function*() {
      const { cable, client } = yield* connected({ timeout: "1 second" })
      const seen = yield* outage({
        client,
        begin: cable.rules({ outbound: "reject with icmpx host-unreachable" }),
        end: Effect.andThen(client.first("AttemptFailed"), cable.clear),
        reason: "HeartbeatTimeout",
        within: patience
      })
      return { ...seen, seen: tally(client) }
    })
  },
  {
    id: "cable-killed-near",
    scenario: "C27",
    title: "The kernel ends our socket (ss -K)",
    needs,
    run: broken({
      begin: (cable) => cable.killSockets("near"),
      end: clear,
      reason: "AbnormalClosure ECONNABORTED",
      within: 0
    }, false)
  },
  {
    id: "cable-killed-far",
    scenario: "C27",
    title: "The server's kernel ends its socket, and resets ours (ss -K)",
    needs,
    run: broken({
      begin: (cable) => cable.killSockets("far"),
      end: clear,
      reason: "AbnormalClosure ECONNRESET",
      within: 0
    }, false)
  },
  {
    id: "cable-lossy",
    scenario: "B13",
    title: "Every fifth packet is lost, each way, for eight seconds: in order, whatever happens, and alive afterwards",
    needs,
    run: Effect.gen(function*() {
      const { cable, client } = yield* connected({ heartbeat: { interval: "1 second", timeout: "3 seconds" } })
      yield* chatter(client, 20)
      const lossy = "numgen random mod 100 < 20 drop"
      yield* cable.rules({ inbound: lossy, outbound: lossy })
      const before = client.books.messages
      yield* Effect.sleep("8 seconds")
      const during = client.books.messages - before
      yield* cable.clear
      yield* client.more(20)
      const { received } = yield* cable.server.stats
      yield* holds(received.twice === 0 && received.outOfOrder === 0, "what we sent arrived twice or out of order")
      yield* holds(during > 20, `only ${during} messages came`)
      return { seen: `${tally(client)}; ${during} of 400 messages during it` }
    })
  },
  {
    id: "cable-slow-in",
    scenario: "B13",
    title:
      "A message of 40 KiB comes over a line of 64 kbit/s, five times as long as the heartbeat grants: no false alarm",
    needs: [...needs, "trafficControl"],
    run: Effect.gen(function*() {
      const { cable, client } = yield* connected()
      yield* cable.server.tell({ _tag: "feed", every: 0, width: 0 })
      yield* cable.rate("64kbit")
      const begun = performance.now()
      yield* cable.server.tell({ _tag: "burst", count: 1, width: 40 * 1024 })
      yield* client.more(1)
      const took = performance.now() - begun
      yield* holds(took > 3 * patience, `it took only ${took.toFixed(0)} ms`)
      yield* expectReasons(client, [])
      return { seen: `no loss; the message took ${(took / 1000).toFixed(1)} s` }
    })
  },
  {
    id: "cable-slow-out",
    scenario: "B13",
    title:
      "We send 40 KiB over a line of 64 kbit/s, the pings behind it in the kernel; the timeout allows for that: no loss",
    needs: [...needs, "trafficControl"],
    run: Effect.gen(function*() {
      const { cable, client } = yield* connected({ heartbeat: { interval: "400 millis", timeout: "8 seconds" } })
      yield* cable.server.tell({ _tag: "feed", every: 0, width: 0 })
      yield* cable.rate("64kbit")
      const begun = performance.now()
      yield* client.connection.send("1".padEnd(40 * 1024))
      yield* Effect.repeat(cable.server.stats, { until: ({ received }) => received.messages === 1 })
      const took = performance.now() - begun
      yield* holds(took > 3 * patience, `it took only ${took.toFixed(0)} ms`)
      yield* expectReasons(client, [])
      return { seen: `no loss; the message took ${(took / 1000).toFixed(1)} s` }
    })
  },
  {
    id: "cable-slow-close",
    scenario: "E35",
    title: "The scope closes over a line of 64 kbit/s: what was sent goes out first, then Close 1000",
    needs: [...needs, "trafficControl"],
    run: Effect.gen(function*() {
      const { cable, client } = yield* connected({ closeTimeout: "5 seconds" })
      yield* cable.server.tell({ _tag: "feed", every: 0, width: 0 })
      yield* cable.rate("64kbit")
      for (let i = 1; i <= 10; i++) yield* client.connection.send(`${i}`.padEnd(1024))
      const begun = performance.now()
      yield* client.leave
      const took = performance.now() - begun
      // The server hears of the end of TCP a little later than we do.
      const { closes, received } = yield* Effect.repeat(cable.server.stats, {
        until: ({ closes }) => closes.length > 0
      })
      yield* holds(received.messages === 10, `${received.messages} of 10 messages arrived`)
      yield* holds(String(closes) === "1000", `the server saw ${String(closes)}`)
      return { seen: `10 messages, then 1000, in ${(took / 1000).toFixed(1)} s` }
    })
  },
  {
    id: "cable-half-open-close",
    scenario: "E36",
    title: "Closing towards a half-open peer, with sends on their way, takes no longer than closeTimeout",
    needs,
    run: Effect.gen(function*() {
      const { cable, client } = yield* connected({ closeTimeout: "600 millis" })
      yield* chatter(client, 5)
      yield* cable.rules({ inbound: "drop", outbound: "drop" })
      const begun = performance.now()
      yield* client.leave
      const took = performance.now() - begun
      yield* holds(took >= 600 - early && took < 600 + slack, `closing took ${took.toFixed(0)} ms`)
      yield* freed(cable)
      return { seen: `closed after ${took.toFixed(0)} ms` }
    })
  }
]
