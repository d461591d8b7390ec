// A wire between a client and a server that a test can cut and spoil, without either of them having a hand in it.
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as net from "node:net"
import { type Faults, Pump } from "./pump.ts"

export type { Faults } from "./pump.ts"

export interface TcpProxy {
  readonly port: number
  /** Connections so far. */
  readonly connections: () => number
  /** Resets every connection, or ends it; new ones go through. */
  readonly cut: (how: "reset" | "end") => Effect.Effect<void>
  /** Resets every connection, and each that comes, until it is mended. */
  readonly refuse: Effect.Effect<void>
  readonly mend: Effect.Effect<void>
  /** From now on nothing goes through the connections that are there, and nobody is told. */
  readonly swallow: Effect.Effect<void>
  /** The same from now on for each new connection, so many milliseconds after the server has said its first bytes. */
  readonly swallowAfter: (millis: number) => Effect.Effect<void>
  /** From now on the bytes of every connection fare like this; a function is given its number, from 1. */
  readonly spoil: (towards: "client" | "server", faults: Faults | ((connection: number) => Faults)) => Effect.Effect<
    void
  >
}

export const make = (target: number): Effect.Effect<TcpProxy, never, Scope.Scope> =>
  Effect.gen(function*() {
    const pairs = new Set<Pair>()
    const spoilt = { client: (_: number): Faults => ({}), server: (_: number): Faults => ({}) }
    let connections = 0
    let refuses = false
    let forgetAfter: number | undefined
    const server = net.createServer({ allowHalfOpen: true, noDelay: true }, (client) => {
      const number = ++connections
      if (refuses) {
        client.on("error", () => undefined)
        return void client.resetAndDestroy()
      }
      const upstream = net.connect({ port: target, host: "127.0.0.1", allowHalfOpen: true, noDelay: true })
      const pair: Pair = {
        sockets: [client, upstream],
        pumps: [
          new Pump(client, upstream, () => spoilt.server(number)),
          new Pump(upstream, client, () => spoilt.client(number))
        ]
      }
      pairs.add(pair)
      let forget: NodeJS.Timeout | undefined
      upstream.once("data", () => {
        if (forgetAfter === undefined) return
        forget = setTimeout(() => pair.pumps.forEach((pump) => pump.swallow()), forgetAfter)
      })
      for (const socket of pair.sockets) {
        socket.on("error", () => undefined)
        socket.on("close", () => {
          clearTimeout(forget)
          for (const other of pair.sockets) other.destroy()
          for (const pump of pair.pumps) pump.stop()
          pairs.delete(pair)
        })
      }
    })
    yield* Effect.acquireRelease(
      Effect.callback<void>((resume) => void server.listen(0, "127.0.0.1", () => resume(Effect.void))),
      () =>
        Effect.callback<void>((resume) => {
          server.close(() => resume(Effect.void))
          for (const { sockets } of pairs) {
            for (const socket of sockets) socket.destroy()
          }
        })
    )
    return {
      port: (server.address() as net.AddressInfo).port,
      connections: () => connections,
      cut: (how) =>
        Effect.sync(() => {
          for (const { sockets: [client] } of pairs) {
            if (how === "reset") client.resetAndDestroy()
            else client.end()
          }
        }),
      refuse: Effect.sync(() => {
        refuses = true
        for (const { sockets: [client] } of pairs) client.resetAndDestroy()
      }),
      mend: Effect.sync(() => {
        refuses = false
      }),
      swallow: Effect.sync(() => {
        for (const { pumps } of pairs) {
          for (const pump of pumps) pump.swallow()
        }
      }),
      swallowAfter: (millis) =>
        Effect.sync(() => {
          forgetAfter = millis
        }),
      spoil: (towards, faults) =>
        Effect.sync(() => {
          spoilt[towards] = typeof faults === "function" ? faults : () => faults
        })
    }
  })

interface Pair {
  readonly sockets: readonly [client: net.Socket, upstream: net.Socket]
  readonly pumps: ReadonlyArray<Pump>
}
