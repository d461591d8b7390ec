// A wire between a client and a server that a test can cut, without either of them having a hand in it.
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as net from "node:net"

export interface TcpProxy {
  readonly port: number
  /** Connections so far. */
  readonly connections: () => number
  /** Resets every connection, or ends it; new ones go through. */
  readonly cut: (how: "reset" | "end") => Effect.Effect<void>
  /** From now on nothing goes through the connections that are there, and nobody is told. */
  readonly swallow: Effect.Effect<void>
}

export const make = (target: number): Effect.Effect<TcpProxy, never, Scope.Scope> =>
  Effect.gen(function*() {
    const pairs = new Set<readonly [client: net.Socket, upstream: net.Socket]>()
    let connections = 0
    const server = net.createServer((client) => {
      connections++
      const upstream = net.connect(target, "127.0.0.1")
      const pair = [client, upstream] as const
      pairs.add(pair)
      for (const socket of pair) {
        socket.on("error", () => undefined)
        socket.on("close", () => {
          for (const other of pair) other.destroy()
          pairs.delete(pair)
        })
      }
      client.pipe(upstream)
      upstream.pipe(client)
    })
    yield* Effect.acquireRelease(
      Effect.callback<void>((resume) => void server.listen(0, "127.0.0.1", () => resume(Effect.void))),
      () =>
        Effect.callback<void>((resume) => {
          server.close(() => resume(Effect.void))
          for (const [client, upstream] of pairs) {
            client.destroy()
            upstream.destroy()
          }
        })
    )
    return {
      port: (server.address() as net.AddressInfo).port,
      connections: () => connections,
      cut: (how) =>
        Effect.sync(() => {
          for (const [client] of pairs) {
            if (how === "reset") client.resetAndDestroy()
            else client.end()
          }
        }),
      swallow: Effect.sync(() => {
        for (const [client, upstream] of pairs) {
          client.unpipe(upstream).resume()
          upstream.unpipe(client).resume()
        }
      })
    }
  })
