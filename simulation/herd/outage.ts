// Many clients lose one server at once and meet its restart.
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Scope from "effect/Scope"
import * as Connection from "../../src/Connection.ts"
import * as Handshake from "../../src/Handshake.ts"
import * as Heartbeat from "../../src/Heartbeat.ts"
import * as Reconnect from "../../src/Reconnect.ts"
import * as TestTransport from "../../src/testing/TestTransport.ts"
import { World } from "../world.ts"
import type { Kind } from "./clients.ts"

/** Seconds after the loss: until then it refuses, then it answers 503, then it is open again. */
export const restart = { starting: 10, open: 25 } as const
/** How long it is watched, in seconds. */
const watched = 120

export interface Outage {
  readonly clients: number
  /** When each dial came, in seconds after the loss. */
  readonly dials: ReadonlyArray<number>
  /** When each client dialled for the first time, in seconds after the loss. */
  readonly first: ReadonlyArray<number>
  /** How many were open in the end. */
  readonly back: number
}

export const outage = (kind: Kind, clients: number, seed: number): Outage => {
  const world = new World(seed, clients * 20_000)
  const scope = Scope.makeUnsafe()
  const { layer, server } = world.await(Scope.provide(TestTransport.make, scope))
  const connections = world.await(herd(kind, layer, clients, scope))
  world.rest()
  // Long enough for every session to count as stable.
  world.advance(60_000)
  const lost = world.now / 1_000
  world.await(server.refuse("ECONNREFUSED"))
  for (let i = 0; i < clients; i++) world.fork(Effect.flatMap(server.peer, (peer) => peer.drop))
  world.rest()
  world.advance(restart.starting * 1_000)
  world.await(server.reject(503))
  world.advance((restart.open - restart.starting) * 1_000)
  world.await(server.accept())
  world.advance((watched - restart.open) * 1_000)
  // The first ones, before the loss, are of no interest.
  const dials = world.await(server.dials).slice(clients).map(({ at, request: { attempt } }) => ({
    at: at / 1_000 - lost,
    attempt
  }))
  const statuses = world.await(Effect.forEach(connections, ({ status }) => status))
  const closed = world.fork(Scope.close(scope, Exit.void))
  world.advance(10_000)
  if (closed.pollUnsafe() === undefined) throw new Error("the herd does not go home")
  world.end()
  return {
    clients,
    dials: dials.map(({ at }) => at),
    first: dials.filter(({ attempt }) => attempt === 1).map(({ at }) => at),
    back: statuses.filter(({ _tag }) => _tag === "Open").length
  }
}

const herd = (kind: Kind, transport: TestTransport.TestTransport["layer"], clients: number, scope: Scope.Scope) =>
  Effect.gen(function*() {
    const parts = Context.mergeAll(
      yield* Layer.build(Layer.merge(transport, Heartbeat.layerNone)),
      Context.make(Handshake.Handshake, yield* Handshake.make({ url: "ws://server.test/feed" })),
      Context.make(Reconnect.Reconnect, yield* Reconnect.make<never>(kind.reconnect))
    )
    return yield* Effect.provideContext(
      Effect.forEach(Array.from({ length: clients }), () => Connection.make()),
      parts
    )
  }).pipe(Scope.provide(scope), Effect.orDie)
