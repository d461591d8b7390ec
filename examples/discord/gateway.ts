// A client of Discord's gateway: what examples/11-discord-gateway.ts runs, and what you would copy.
import { Context, Duration, Effect, Latch, Layer, Option, Random, Redacted, Schema, Stream } from "effect"
import { Codec, Connection, type ConnectionError, Handshake, Heartbeat, Protocol, Reconnect, Recovery } from "holdfast"

// ---- what is said ----

const Ready = Schema.Struct({
  op: Schema.Literal(0),
  s: Schema.Number,
  t: Schema.Literal("READY"),
  d: Schema.Struct({ session_id: Schema.String, resume_gateway_url: Schema.String })
})
const Dispatch = Schema.Struct({ op: Schema.Literal(0), s: Schema.Number, t: Schema.String, d: Schema.Unknown })
const isReady = Schema.is(Ready)

class Discord extends Protocol.Service<Discord>()("app/Discord", {
  codec: Codec.json,
  incoming: Schema.Union([
    Dispatch,
    // "Beat now", "connect anew", and the acknowledgement of a beat.
    Schema.Struct({ op: Schema.Literals([1, 7, 11]) }),
    Schema.Struct({ op: Schema.Literal(9), d: Schema.Boolean })
  ]),
  outgoing: Schema.Struct({ op: Schema.Literal(3), d: Schema.Struct({ status: Schema.String, afk: Schema.Boolean }) })
}) {}

const Hello = Schema.fromJsonString(
  Schema.Struct({ op: Schema.Literal(10), d: Schema.Struct({ heartbeat_interval: Schema.Number }) })
)

// ---- what outlives a connection ----

/** The session at Discord, which is not the connection: it goes on for some minutes without one. */
class Progress extends Context.Service<Progress>()("app/Progress", {
  make: Effect.sync(() => ({
    session: undefined as (typeof Ready.Type)["d"] | undefined,
    /** Attempts since READY or RESUMED. */
    attempts: 0,
    /** Of the last event that was received. */
    sequence: null as number | null,
    /** Whether the last beat was. */
    acknowledged: true,
    /** Beats in the connection that is there. */
    beat: Effect.void as Effect.Effect<void, ConnectionError.ConnectionError>,
    /** Open from READY or RESUMED on. */
    admitted: Latch.makeUnsafe(),
    forget() {
      this.session = undefined
      this.sequence = null
    }
  }))
}) {}

// ---- how to get in ----

export interface GatewayOptions {
  readonly url: string
  readonly token: Redacted.Redacted
  /** Default: see `layer`. */
  readonly rateLimit?: { readonly limit: number; readonly window: Duration.Input }
  readonly reconnect?: Pick<Reconnect.ReconnectOptions, "schedule">
}

/** Run at every attempt: where the session can be resumed, or where a new one begins. */
const url = (gateway: string) => ({ previous }: Handshake.AttemptContext) =>
  Effect.map(Progress, (progress) => {
    // A session that cannot be reached is given up after a while, too.
    if (++progress.attempts > 5 || Option.exists(previous, endsSession)) progress.forget()
    return new URL("/?v=10&encoding=json", progress.session?.resume_gateway_url ?? gateway)
  })

const greet = (token: Redacted.Redacted) => (session: Handshake.GreetSession) =>
  Effect.gen(function*() {
    const progress = yield* Progress
    const { d } = yield* Schema.decodeUnknownEffect(Hello)(yield* session.receive)
    progress.acknowledged = true
    progress.admitted.closeUnsafe()
    const secret = Redacted.value(token)
    yield* session.send(JSON.stringify(
      progress.session === undefined
        ? { op: 2, d: { token: secret, intents: 513, properties: { os: "linux", browser: "app", device: "app" } } }
        : { op: 6, d: { token: secret, session_id: progress.session.session_id, seq: progress.sequence } }
    ))

    const interval = Duration.millis(d.heartbeat_interval)
    progress.beat = Effect.suspend(() => session.send(JSON.stringify({ op: 1, d: progress.sequence })))
    const beat = Effect.suspend(() => {
      // With 1000 or 1001 Discord would end the session. A peer that does not answer the Close frame is not waited for.
      if (!progress.acknowledged) return session.end({ code: 4000, reason: "no heartbeat ack" })
      progress.acknowledged = false
      return progress.beat
    })
    // Those who lost their connections together shall not beat together.
    const jitter = Effect.flatMap(Random.next, (random) => Effect.sleep(Duration.times(interval, random)))
    return { heartbeat: Effect.andThen(jitter, Effect.forever(Effect.andThen(beat, Effect.sleep(interval)))) }
  })

const closedWith = (codes: ReadonlyArray<number>) => ({ reason }: ConnectionError.ConnectionError): boolean =>
  reason._tag === "ApplicationClose" && reason.initiator === "peer" && codes.includes(reason.code)

/** The sequence number was wrong, or the session timed out: the next connection begins anew. */
const endsSession = closedWith([4007, 4009])

/** A wrong token, shard, version or intents: nothing that another attempt would mend. */
const isFatal = closedWith([4004, 4010, 4011, 4012, 4013, 4014])

/** Everything else is as usual, 4008 (too many messages) too: another attempt at the schedule's pace. */
const classify = (error: ConnectionError.ConnectionError): Recovery.Recovery =>
  isFatal(error) ? Recovery.stop : Reconnect.classify(error)

// ---- the gateway ----

export class Gateway extends Context.Service<Gateway>()("app/Gateway", {
  make: Effect.gen(function*() {
    const discord = yield* Discord
    const progress = yield* Progress
    // Whatever the app sends waits until Discord has said READY or RESUMED, in every session. There is no time limit:
    // Discord may take its time, and the heart beats meanwhile.
    yield* discord.prelude(() => progress.admitted.await)
    // In the socket's callback, so that a slow app holds up neither the sequence number nor the acknowledgements.
    yield* discord.listen((payload) => {
      if (payload.op === 11) progress.acknowledged = true
      else if (payload.op === 9 && !payload.d) progress.forget()
      else if (payload.op === 0) {
        progress.sequence = payload.s
        if (isReady(payload)) progress.session = payload.d
        if (isReady(payload) || payload.t === "RESUMED") {
          progress.attempts = 0
          progress.admitted.openUnsafe()
        }
      }
    })
    yield* Effect.forkScoped(discord.withSessions((session) =>
      Stream.runForEach(session.messages, (payload) => {
        switch (payload.op) {
          case 1:
            return progress.beat
          case 7:
            return discord.connection.reconnect({ code: 4000, reason: "as asked" })
          case 9:
            return session.end({ code: 4000, reason: "invalid session" })
          default:
            return Effect.void
        }
      })
    ))
    return {
      connection: discord.connection,
      /** What happens at Discord, across connections and without a gap while its session lives. */
      events: Stream.filter(discord.messages, (payload) => payload.op === 0),
      setStatus: (status: string) => discord.send({ op: 3, d: { status, afk: false } })
    }
  })
}) {
  /** Over any transport. */
  static readonly layer = (options: GatewayOptions) =>
    Layer.effect(Gateway, Gateway.make).pipe(
      Layer.provide(Discord.layer),
      Layer.provide(Connection.layer({
        name: "discord",
        // Discord allows 120 messages in 60 seconds, beats among them. After 120 at once it would be 60 seconds before
        // the next beat; in slices of 10 seconds no beat is late by more than 10. And seven such slices hold 119: also
        // where the network keeps messages back for up to 10 seconds, Discord never sees too many in a minute.
        outbound: { rateLimit: options.rateLimit ?? { limit: 17, window: "10 seconds" } },
        // Nobody listens before the gateway is made.
        start: "lazy"
      })),
      Layer.provide([
        Handshake.layer({ url: url(options.url), greet: greet(options.token) }),
        Reconnect.layer({ ...options.reconnect, classify }),
        // That of `greet` takes its place in every session.
        Heartbeat.layerNone
      ]),
      Layer.provide(Layer.effect(Progress, Progress.make))
    )
}
