// A client of Phoenix channels, vsn 2.0.0: channels that are joined again after every reconnect, and pushes that are
// answered. The rules are cited in examples/servers/phoenix.ts.
//
//   npx node examples/14-phoenix-channels.ts
import { NodeRuntime } from "@effect/platform-node"
import { Console, Effect, Latch, Redacted, Schedule, Schema, Stream } from "effect"
import { Codec, Heartbeat, Protocol, Reconnect, Requests, Subscriptions } from "holdfast"
import { NodeProtocol } from "holdfast/node"
import { phoenixServer } from "./servers/phoenix.ts"

// ---- what is said: [join_ref, ref, topic, event, payload], both ways ----

const Ref = Schema.NullOr(Schema.String)
const Message = Schema.Tuple([Ref, Ref, Schema.String, Schema.String, Schema.Unknown])
type Message = typeof Message.Type

export class Phoenix extends Protocol.Service<Phoenix>()("app/Phoenix", {
  codec: Codec.json,
  incoming: Message,
  outgoing: Message
}) {}

interface Reply {
  readonly status: "ok" | "error"
  readonly response: unknown
}

/** The channel answered a push with an error. */
export class PushFailed extends Schema.TaggedError<PushFailed>("app/PushFailed")("PushFailed", {
  event: Schema.String,
  response: Schema.Unknown
}) {
  override get message(): string {
    return `${this.event}: ${JSON.stringify(this.response)}`
  }
}

class ChannelCrashed extends Schema.TaggedError<ChannelCrashed>("app/ChannelCrashed")("ChannelCrashed", {}) {}

// ---- the connection ----

const heartbeat = JSON.stringify([null, "heartbeat", "phoenix", "heartbeat", {}] satisfies Message)

/** The protocol's heartbeat where nothing was received for so many milliseconds; its answer tells the round trip. */
export const asking = (interval: number) =>
  Heartbeat.layerMessage({
    interval,
    message: heartbeat,
    isReply: (message) => String(message).startsWith("[null,\"heartbeat\",\"phoenix\",\"phx_reply\"")
  })

export interface Options {
  readonly url: string
  readonly token: Redacted.Redacted
  /** Milliseconds. Default 30 000, as Phoenix' own client has it. */
  readonly beatEvery?: number
}

export const layer = ({ beatEvery = 30_000, token, url }: Options) =>
  NodeProtocol.layer(Phoenix, {
    // A token in the query is seen by none but the server. A 403 is final, by default.
    url: Redacted.make(`${url}?vsn=2.0.0&token=${encodeURIComponent(Redacted.value(token))}`),
    // Where even the answers to `beat` do not come: asks once more, and judges.
    heartbeat: asking(beatEvery + 10_000),
    // A push carries the join_ref of its session, so it waits for the join (see `push`), and not in `send`.
    outbound: { whileDisconnected: "fail" },
    // Short, so that this example ends soon. The default draws the first delay from 0 to 5 s, to spare the server.
    reconnect: { schedule: Reconnect.schedule({ first: "300 millis" }) }
  })

// ---- the client ----

export const makeSocket = ({ beatEvery = 30_000, rejoinAfter = 1000 } = {}) =>
  Effect.gen(function*() {
    const protocol = yield* Phoenix
    const scope = yield* Effect.scope
    const joinedNow = new Set<Latch.Latch>()
    // No channel outlives its session: pushes wait from its end on, and not only when the next join is under way.
    yield* protocol.prelude((session) =>
      session.ended.pipe(
        Effect.tap(() =>
          Effect.sync(() => {
            for (const joined of joinedNow) joined.closeUnsafe()
            joinedNow.clear()
          })
        ),
        Effect.forkIn(scope),
        Effect.asVoid
      )
    )
    const subscriptions = yield* Subscriptions.make({ protocol, keyOf: ([, , topic]) => topic })
    const requests = yield* Requests.make({
      protocol,
      idOf: ([, ref]) => ref ?? undefined,
      // A reply to a join has both refs alike, and is for `confirm`.
      replyTo: ([joinRef, ref, topic, event]) =>
        event === "phx_reply" && ref !== joinRef && topic !== "phoenix" ? ref ?? undefined : undefined
    })
    let refs = 0
    const nextRef = () => `${++refs}`

    // Phoenix closes a socket from which it has heard nothing for a minute. A heartbeat of Holdfast's asks only where
    // nothing was *received*, so who listens to a busy channel and says nothing would be cut off each minute.
    const beat = Effect.sleep(beatEvery).pipe(Effect.andThen(protocol.connection.send(heartbeat)), Effect.forever)
    yield* protocol.withSessions(() => beat).pipe(Effect.ignore, Effect.forkScoped)

    /** A channel, for one reader. `params` are those of the join, made afresh at each. */
    const channel = (topic: string, params: () => unknown = () => ({})) => {
      const joined = Latch.makeUnsafe(false)
      let joinRef = ""

      const join = (): Message => {
        joined.closeUnsafe()
        joinRef = nextRef()
        return [joinRef, joinRef, topic, "phx_join", params()]
      }

      const confirm = ([, ref, , event, payload]: Message) => {
        if (event !== "phx_reply" || ref !== joinRef) return undefined
        return (payload as Reply).status === "ok" ? "confirmed" : "refused"
      }

      const select = ([of, ref, , event, payload]: Message) => {
        if (event === "phx_reply" && ref === joinRef) {
          joinedNow.add(joined)
          joined.openUnsafe()
          return { event: "phx_join", payload: (payload as Reply).response }
        }
        // Replies to pushes, and what an earlier life of this channel has to say.
        return event === "phx_reply" || (of !== null && of !== joinRef) ? undefined : { event, payload }
      }

      const attempt = (event: string, payload: unknown) =>
        Effect.andThen(
          joined.await,
          Effect.suspend(() => requests.request([joinRef, nextRef(), topic, event, payload], { timeout: "10 seconds" }))
        )

      return {
        /**
         * What the channel says. The answer to the join comes first, as the event `phx_join`, and again after each rejoin:
         * what there is to know of the gap. Ends when the server closes the channel.
         */
        messages: subscriptions.subscribe({
          key: topic,
          open: join,
          close: () => [joinRef, nextRef(), topic, "phx_leave", {}],
          confirm,
          select
        }).pipe(
          Stream.takeWhile(({ event }) => event !== "phx_close"),
          Stream.mapEffect((message) =>
            message.event === "phx_error" ? Effect.fail(new ChannelCrashed()) : Effect.succeed(message)
          ),
          // The socket lives on, and the server has forgotten the channel: join it anew.
          Stream.retry(($) =>
            $(Schedule.spaced(rejoinAfter)).pipe(
              Schedule.while(({ input }) => input._tag === "ChannelCrashed")
            )
          )
        ),
        /** Waits until the channel is joined. Never sent twice: `RequestLost` says whether it may have been carried out. */
        push: (event: string, payload: unknown) =>
          attempt(event, payload).pipe(
            Effect.retry({
              while: (error) => error._tag === "RequestLost" && error.delivery === "notSent",
              schedule: Schedule.spaced("50 millis")
            }),
            Effect.flatMap(([, , , , answer]) => {
              const { response, status } = answer as Reply
              return status === "ok" ? Effect.succeed(response) : Effect.fail(new PushFailed({ event, response }))
            })
          )
      }
    }
    return { channel }
  })

const main = Effect.gen(function*() {
  const server = yield* phoenixServer()
  yield* Effect.gen(function*() {
    const socket = yield* makeSocket()
    const kelp = socket.channel("prices:kelp")
    let sessions = 0
    yield* kelp.messages.pipe(
      Stream.tap((message) => Console.log(`${message.event}: ${JSON.stringify(message.payload)}`)),
      Stream.tap(({ event }) => {
        if (event !== "phx_join") return server.drop
        sessions++
        return sessions === 1
          ? server.broadcast("prices:kelp", "quote", { price: 101 })
          : Effect.flatMap(
            Effect.orDie(kelp.push("order", { limit: 90 })),
            (answer) => Console.log("ordered:", JSON.stringify(answer))
          )
      }),
      Stream.takeUntil(() => sessions === 2),
      Stream.runDrain
    )
    yield* Console.log("joins:", (yield* server.joins).join(", "))
    const refused = yield* Effect.flip(Stream.runDrain(socket.channel("prices:coal").messages))
    yield* Console.log(refused._tag)
  }).pipe(Effect.scoped, Effect.provide(layer({ url: server.url, token: Redacted.make("of-today") })))
})

if (import.meta.main) NodeRuntime.runMain(Effect.scoped(main))
