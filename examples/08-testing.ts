// Testing your own app: a network of the test's making, and a clock that moves when told. The app below is what you
// would write; `outage` takes its network away for a minute, which takes no time at all.
//
//   npx node examples/08-testing.ts
//
// The same as a test of @effect/vitest: test/examples/08-testing.test.ts
import { NodeRuntime } from "@effect/platform-node"
import { Clock, Console, Context, Effect, Layer, Stream } from "effect"
import { TestClock } from "effect/testing"
import { Connection, type ConnectionEvent, Handshake, Heartbeat, Reconnect } from "holdfast"
import { TestTransport } from "holdfast/testing"

// ---------------------------------------------------------------------------
// the app: subscribes in every session, and buys whenever the price is low
// ---------------------------------------------------------------------------

export class Buyer extends Context.Service<Buyer, {
  readonly isTrading: Effect.Effect<boolean>
}>()("app/Buyer") {
  static readonly layer = Layer.effect(
    Buyer,
    Effect.gen(function*() {
      const connection = yield* Connection.Connection
      const trade = (session: Connection.Session) =>
        Effect.andThen(
          session.send("subscribe KELP"),
          session.messages.pipe(
            Stream.map(String),
            Stream.filter((price) => Number(price) < 100),
            Stream.runForEach((price) => session.send(`buy at ${price}`))
          )
        )
      yield* Effect.forkScoped(connection.withSessions(trade))
      return { isTrading: Effect.map(connection.status, (status) => status._tag === "Open") }
    })
  )
}

// ---------------------------------------------------------------------------
// the test
// ---------------------------------------------------------------------------

/** The app as it runs in production, but for the transport. */
export const onNetwork = (network: TestTransport.TestTransport) =>
  Buyer.layer.pipe(
    Layer.provideMerge(Connection.layer()),
    Layer.provide([network.layer, Handshake.layer({ url: "ws://market.test" }), Heartbeat.layer(), Reconnect.layer()])
  )

const outage = Effect.gen(function*() {
  const network = yield* TestTransport.make
  yield* Effect.gen(function*() {
    yield* tellEvents
    const buyer = yield* Buyer

    const peer = yield* network.server.peer
    yield* tell("the app sent:", yield* peer.receive)
    yield* peer.send("99.50")
    yield* tell("the app sent:", yield* peer.receive)

    yield* network.server.refuse("ECONNREFUSED")
    yield* peer.drop
    // A minute of backoff, done at once.
    yield* TestClock.adjust("1 minute")
    yield* tell("is the app trading?", yield* buyer.isTrading)

    yield* network.server.accept()
    yield* TestClock.adjust("30 seconds")
    yield* tell("is the app trading?", yield* buyer.isTrading)
    const next = yield* network.server.peer
    yield* tell("the app sent:", yield* next.receive)
    yield* next.send("98.00")
    yield* tell("the app sent:", yield* next.receive)
  }).pipe(Effect.provide(onNetwork(network)))
})

/** Prints with the virtual time in front. */
const tell = (...words: ReadonlyArray<unknown>) =>
  Effect.flatMap(
    Clock.currentTimeMillis,
    (now) => Console.log(`${(now / 1000).toFixed(1).padStart(5)} s `, ...words)
  )

const describe = (event: ConnectionEvent.ConnectionEvent): string => {
  switch (event._tag) {
    case "AttemptFailed":
      return `dial ${event.attempt} failed: ${event.error.reason.message}`
    case "Opened":
      return `session ${event.session} is open`
    case "Disconnected":
      return `session ${event.session} ended: ${event.error.reason.message}`
    default:
      return ""
  }
}

const tellEvents = Effect.gen(function*() {
  const { events } = yield* Connection.Connection
  yield* events.pipe(
    Stream.map(describe),
    Stream.filter((line) => line !== ""),
    Stream.runForEach(tell),
    Effect.forkScoped({ startImmediately: true })
  )
})

if (import.meta.main) {
  outage.pipe(Effect.scoped, Effect.provide(TestClock.layer()), NodeRuntime.runMain)
}
