// A client like one of Binance's market streams: at most so many messages a second go out, everything that is subscribed
// to is subscribed to again in each session, and a connection whose time runs out is replaced before it is cut.
//
//   npx node examples/13-binance-stream.ts
import { NodeRuntime } from "@effect/platform-node"
import { Console, Deferred, type Duration, Effect, Schedule, Schema, Stream } from "effect"
import { Codec, Heartbeat, Protocol, Subscriptions } from "holdfast"
import { NodeProtocol } from "holdfast/node"
import { type BinanceServer, binanceServer } from "./servers/binance.ts"

const Trade = Schema.Struct({
  stream: Schema.String,
  data: Schema.Struct({ e: Schema.Literal("trade"), t: Schema.Number })
})
const Confirmed = Schema.Struct({ result: Schema.Null, id: Schema.Number })

class Market extends Protocol.Service<Market>()("app/Market", {
  codec: Codec.json,
  incoming: Schema.Union([Trade, Confirmed]),
  outgoing: Schema.Struct({
    method: Schema.Literals(["SUBSCRIBE", "UNSUBSCRIBE"]),
    params: Schema.Array(Schema.String),
    id: Schema.Number
  })
}) {}

const layer = (url: string) =>
  NodeProtocol.layer(Market, {
    url,
    // Five a second is the service's limit. One is left for the pong with which `ws` answers its ping, by itself and with
    // a copy of the payload; and the window is a little longer, since the network may push together what left apart.
    outbound: { rateLimit: { limit: 4, window: "1300 millis" } },
    // The service pings, so nothing of ours need ask: silence is judged by messages and those pings. Short, since this is
    // an example; a minute would be right.
    heartbeat: Heartbeat.layerIdle({ within: "10 seconds" }),
    // 1008, for too many messages, stops for good by default: the limit above would be wrong, and dialling does not mend it.
    reconnect: { schedule: Schedule.spaced("100 millis") }
  })

const names = ["btcusdt", "ethusdt", "bnbusdt", "solusdt", "xrpusdt", "adausdt", "dogeusdt", "ltcusdt"]

/** Follows all streams until the session with that number has shown each of them. */
const follow = (until: number) =>
  Effect.gen(function*() {
    const market = yield* Market
    let id = 0
    const subscriptions = yield* Subscriptions.make({
      protocol: market,
      keyOf: (message) => "stream" in message ? message.stream : undefined
    })
    let session = 0
    yield* market.prelude((next) =>
      Effect.sync(() => {
        session = next.id
      })
    )
    const seen = new Map<number, Set<string>>()
    const done = yield* Deferred.make<void>()
    const see = (stream: string) =>
      Effect.suspend(() => {
        const streams = seen.get(session) ?? new Set()
        seen.set(session, streams)
        if (streams.has(stream)) return Effect.void
        streams.add(stream)
        if (streams.size < names.length) return Effect.void
        const told = Console.log(`session ${session}: ${streams.size} streams`)
        return session < until ? told : Effect.andThen(told, Deferred.succeed(done, undefined))
      })
    const one = (stream: string) => {
      let last = 0
      let missed = false
      return subscriptions.subscribe({
        key: stream,
        // A message of one's own for each: `id` must be new every time.
        open: () => ({ method: "SUBSCRIBE", params: [stream], id: ++id }),
        close: () => ({ method: "UNSUBSCRIBE", params: [stream], id: ++id }),
        select: (message) => "data" in message ? message.data.t : undefined,
        // Here a real client would ask the REST API for what it missed.
        onGap: () =>
          Effect.sync(() => {
            missed = true
          })
      }).pipe(
        Stream.runForEach((t) => {
          // Within a session, and across one where nothing was missed, they only go up.
          if (last > 0 && t < last && !missed) return Effect.die(new Error(`${stream} went back from ${last} to ${t}`))
          last = t
          missed = false
          return see(stream)
        })
      )
    }
    const all = Effect.forEach(names, one, { concurrency: "unbounded", discard: true })
    yield* Effect.raceFirst(all, Deferred.await(done))
  })

/** Replaces each session some time before the service would cut it. Lives as long as the session, by itself. */
const replaceAfter = (age: Duration.Input) =>
  Effect.gen(function*() {
    const market = yield* Market
    yield* market.withSessions(() => Effect.andThen(Effect.sleep(age), market.connection.reconnect()))
  })

const tell = ({ report }: BinanceServer) =>
  Effect.flatMap(
    report,
    ({ pongs, violations, wrongPongs }) =>
      Console.log(
        `pongs: ${pongs && wrongPongs === 0 ? "each a copy" : "wrong"}; too many messages: ${violations} times`
      )
  )

const main = Effect.gen(function*() {
  yield* Console.log("# Replaced before its time is up")
  const patient = yield* binanceServer({ life: 60_000, pingEvery: 1500 })
  yield* Effect.scoped(follow(2)).pipe(
    Effect.raceFirst(Effect.andThen(replaceAfter("4 seconds"), Effect.never)),
    Effect.provide(layer(patient.url))
  )
  yield* tell(patient)

  yield* Console.log("# Cut when its time is up")
  const strict = yield* binanceServer({ life: 4000, pingEvery: 1500 })
  yield* Effect.provide(Effect.scoped(follow(2)), layer(strict.url))
  yield* tell(strict)
})

NodeRuntime.runMain(Effect.scoped(main))
