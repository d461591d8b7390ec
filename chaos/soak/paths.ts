// Ways from a client to a server of its own, and what may happen on each.
import { Effect, Exit, Scope } from "effect"
import * as TcpProxy from "../../test/support/tcpProxy.ts"
import * as Server from "../feed/server.ts"
import * as Cable from "../world/cable.ts"
import * as Haproxy from "../world/haproxy.ts"
import * as Nginx from "../world/nginx.ts"
import type { Proxy } from "../world/proxy.ts"
import type { Random } from "./random.ts"

/** Something that begins and ends. */
export interface Fault {
  readonly name: string
  readonly run: Effect.Effect<unknown>
}

export interface Path {
  readonly name: string
  readonly url: string
  readonly server: () => Server.Server
  /** A fault, drawn. */
  readonly fault: (random: Random) => Fault
}

/** Begins, lasts, ends; the end is not skipped by an interruption. */
const lasting = (begin: Effect.Effect<void>, milliseconds: number, end: Effect.Effect<void>): Effect.Effect<void> =>
  Effect.ensuring(Effect.andThen(begin, Effect.sleep(milliseconds)), end)

/** What a server does, or what is done to it. */
const serverFaults = (server: Server.Server, random: Random): ReadonlyArray<Fault> => [
  {
    name: "server closes",
    run: server.tell({ _tag: "close", code: random.pick([1000, 1001, 1011, 3000, 4000, 4999]), reason: "so it goes" })
  },
  {
    name: "server hangs",
    run: lasting(server.program.signal("SIGSTOP"), random.between(200, 2500), server.program.signal("SIGCONT"))
  },
  {
    name: "server closes at once",
    run: lasting(
      Effect.andThen(
        server.tell({ _tag: "closeAtOnce", code: 1001 }),
        server.tell({ _tag: "close", code: 1001, reason: "" })
      ),
      random.between(200, 1500),
      server.tell({ _tag: "closeAtOnce", code: 0 })
    )
  },
  { name: "burst", run: server.tell({ _tag: "burst", count: random.between(1, 200), width: random.between(1, 9000) }) }
]

const start = Server.start({ every: 10 })

export const wire: Effect.Effect<Path, never, Scope.Scope> = Effect.gen(function*() {
  const server = yield* start
  const proxy = yield* TcpProxy.make(server.port)
  const heal = Effect.andThen(proxy.spoil("client", {}), proxy.spoil("server", {}))
  const spoiltFor = (milliseconds: number, begin: Effect.Effect<void>) => lasting(begin, milliseconds, heal)
  return {
    name: "wire",
    url: `ws://127.0.0.1:${proxy.port}/`,
    server: () => server,
    fault: (random) =>
      random.pick([
        { name: "reset", run: proxy.cut("reset") },
        { name: "end", run: proxy.cut("end") },
        { name: "swallow", run: proxy.swallow },
        {
          name: "delay",
          run: spoiltFor(1000, proxy.spoil("client", { delay: random.between(0, 300), jitter: random.between(0, 300) }))
        },
        { name: "pieces", run: spoiltFor(1000, proxy.spoil("client", { pieces: random.between(1, 50) })) },
        {
          name: "stops after some bytes",
          run: spoiltFor(
            2000,
            Effect.andThen(
              proxy.spoil("client", {
                stopAfter: random.between(0, 2000),
                ending: random.pick(["stall", "end", "reset"] as const)
              }),
              proxy.cut("reset")
            )
          )
        },
        ...serverFaults(server, random)
      ])
  }
})

export const cable: Effect.Effect<Path, never, Scope.Scope> = Effect.gen(function*() {
  const network = yield* Cable.make({ every: 10 })
  const ruled = (rules: Parameters<Cable.Cable["rules"]>[0], milliseconds: number) =>
    lasting(network.rules(rules), milliseconds, network.clear)
  return {
    name: "cable",
    url: network.server.url,
    server: () => network.server,
    fault: (random) => {
      const milliseconds = random.between(100, 3000)
      const lossy = `numgen random mod 100 < ${random.between(5, 50)} drop`
      return random.pick([
        { name: "dropped both ways", run: ruled({ inbound: "drop", outbound: "drop" }, milliseconds) },
        { name: "dropped inbound", run: ruled({ inbound: "drop" }, milliseconds) },
        { name: "dropped outbound", run: ruled({ outbound: "drop" }, milliseconds) },
        { name: "lossy", run: ruled({ inbound: lossy, outbound: lossy }, milliseconds) },
        { name: "reset", run: ruled({ outbound: "tcp dport != 0 reject with tcp reset" }, milliseconds) },
        { name: "unreachable", run: ruled({ outbound: "reject with icmpx host-unreachable" }, milliseconds) },
        { name: "cable pulled", run: lasting(network.plug("down"), milliseconds, network.plug("up")) },
        { name: "address lost", run: lasting(network.address("del"), milliseconds, network.address("add")) },
        { name: "socket killed", run: network.killSockets(random.pick(["near", "far"] as const)) },
        ...serverFaults(network.server, random)
      ])
    }
  }
})

/** Through a proxy, whose server may also be killed. */
const through = (
  name: string,
  launch: (upstream: number) => Effect.Effect<Proxy, never, Scope.Scope>
): Effect.Effect<Path, never, Scope.Scope> =>
  Effect.gen(function*() {
    const scope = yield* Effect.scope
    const startServer = (port: number) =>
      Effect.gen(function*() {
        const own = yield* Scope.fork(scope)
        return { server: yield* Scope.provide(Server.start({ every: 10, port }), own), scope: own }
      })
    let current = yield* startServer(0)
    const { port } = current.server
    const proxy = yield* launch(port)
    const killServer = Effect.suspend(() => Scope.close(current.scope, Exit.void))
    const restartServer = Effect.map(startServer(port), (started) => {
      current = started
    })
    return {
      name,
      url: proxy.url,
      server: () => current.server,
      fault: (random) =>
        random.pick([
          { name: "reload", run: Effect.andThen(proxy.reload, Effect.sleep("1500 millis")) },
          { name: "killed", run: lasting(proxy.kill, random.between(0, 1000), proxy.restart) },
          {
            name: "server killed",
            run: lasting(killServer, random.between(0, 1000), restartServer)
          },
          ...serverFaults(current.server, random)
        ])
    }
  })

export const nginx = through("nginx", (upstream) => Nginx.start({ upstream, more: "proxy_read_timeout 2s;" }))
export const haproxy = through("haproxy", (upstream) => Haproxy.start({ upstream, tunnel: "2s" }))
