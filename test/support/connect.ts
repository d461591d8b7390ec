/**
 * A connection over the in-memory network, with parts chosen for a test.
 */
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as Connection from "../../src/Connection.ts"
import type { ConnectionError } from "../../src/ConnectionError.ts"
import type { ConnectionEvent } from "../../src/ConnectionEvent.ts"
import type { ConnectionStatus } from "../../src/ConnectionStatus.ts"
import * as Handshake from "../../src/Handshake.ts"
import * as Heartbeat from "../../src/Heartbeat.ts"
import * as Reconnect from "../../src/Reconnect.ts"
import type { TestServer } from "../../src/testing/TestServer.ts"
import * as TestTransport from "../../src/testing/TestTransport.ts"
import { watched } from "./edges.ts"

export interface Setup {
  readonly connection?: Connection.ConnectionOptions | undefined
  readonly handshake?: Partial<Handshake.Options<Scope.Scope, Scope.Scope, Scope.Scope, Scope.Scope>> | undefined
  /** None unless given. */
  readonly heartbeat?: Layer.Layer<Heartbeat.Heartbeat, ConnectionError> | undefined
  /** A dial every second unless given. */
  readonly reconnect?: Layer.Layer<Reconnect.Reconnect, ConnectionError> | undefined
  readonly transport?: TestTransport.Options | undefined
  /** Tells the server what to do before the first dial. */
  readonly server?: ((server: TestServer) => Effect.Effect<void>) | undefined
}

/** The parts of a connection to a server. */
const partsTo = Effect.fnUntraced(function*({ layer, server }: TestTransport.TestTransport, setup: Setup) {
  if (setup.server !== undefined) yield* setup.server(server)
  return {
    server,
    layer: Layer.mergeAll(
      layer,
      Handshake.layer({ url: "ws://server.test/feed", ...setup.handshake }),
      setup.heartbeat ?? Heartbeat.layerNone,
      setup.reconnect ?? Reconnect.layer({ schedule: Schedule.spaced("1 second") })
    )
  }
})

/** The parts of a connection to a new in-memory server. */
export const parts = (setup: Setup = {}) =>
  Effect.flatMap(TestTransport.makeWith(setup.transport ?? {}), (network) => partsTo(network, setup))

/** A connection to a server that outlives it, for the life of the scope. */
export const connectTo = Effect.fnUntraced(function*(network: TestTransport.TestTransport, setup: Setup = {}) {
  const { layer, server } = yield* partsTo(network, setup)
  const context = yield* Layer.build(layer)
  const connection = yield* watched(Effect.provideContext(Connection.make(setup.connection), context))
  return { connection, server }
})

/** A connection to a new in-memory server, for the life of the test's scope. */
export const connect = (setup: Setup = {}) =>
  Effect.flatMap(TestTransport.makeWith(setup.transport ?? {}), (network) => connectTo(network, setup))

/** Lets every fiber that can run do so, without time passing. */
export const settle: Effect.Effect<void> = Effect.forEach(
  Array.from({ length: 30 }),
  () => Effect.yieldNow,
  { discard: true }
)

/** What a stream emits from now on, as it comes. */
export const collect = <A, E>(stream: Stream.Stream<A, E>): Effect.Effect<Array<A>, never, Scope.Scope> =>
  Effect.gen(function*() {
    const seen: Array<A> = []
    yield* Effect.forkScoped(
      Effect.ignore(Stream.runForEach(stream, (value) => Effect.sync(() => seen.push(value)))),
      { startImmediately: true }
    )
    yield* settle
    return seen
  })

/** The tags of statuses or events. */
export const tags = (seen: ReadonlyArray<ConnectionStatus | ConnectionEvent>): ReadonlyArray<string> =>
  seen.map((value) => value._tag)

/** The error with which an effect fails, once it does. */
export const failureOf = <A>(effect: Effect.Effect<A, ConnectionError>): Effect.Effect<ConnectionError, A> =>
  Effect.flip(effect)

/** Starts an effect beside the test, at once. */
export const beside = <A, E, R>(
  effect: Effect.Effect<A, E, R>
): Effect.Effect<Fiber.Fiber<A, E>, never, R | Scope.Scope> => Effect.forkScoped(effect, { startImmediately: true })
