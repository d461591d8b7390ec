// A client like those of Discord's gateway: hello says how often to beat, a beat that is not acknowledged ends the
// connection, and the next one resumes the session, at a URL of its own, with everything that was missed. The client is
// in examples/discord/gateway.ts; here is an app of it, and what may happen to it.
//
//   npx node examples/11-discord-gateway.ts
import { NodeRuntime } from "@effect/platform-node"
import { Console, Effect, Fiber, Layer, Redacted, Schedule, Stream } from "effect"
import { NodeTransport } from "holdfast/node"
import { Gateway } from "./discord/gateway.ts"
import { botToken, type DiscordServer, discordServer } from "./servers/discord.ts"

const live = (server: DiscordServer) =>
  Effect.gen(function*() {
    const gateway = yield* Gateway
    const heard = yield* gateway.events.pipe(
      Stream.filter((event) => event.t === "MESSAGE_CREATE"),
      Stream.map(({ d }) => (d as { readonly content: string }).content),
      Stream.takeUntil((content) => content === "farewell"),
      Stream.runCollect,
      Effect.forkScoped({ startImmediately: true })
    )
    const then = (what: string, effect: Effect.Effect<unknown>) =>
      Effect.gen(function*() {
        yield* effect
        yield* Console.log(`${what}: ${yield* server.next}`)
      })

    yield* then("at first", Effect.void)
    yield* server.say("one")
    yield* then("no acknowledgements", Effect.all([server.goDeaf, server.say("two"), server.say("three")]))
    yield* then("asked to connect anew", server.ask(7, null))
    yield* then("invalid session that can be resumed", server.ask(9, true))
    yield* then("invalid session", server.ask(9, false))
    yield* Effect.all(Array.from({ length: 130 }, (_, n) => gateway.setStatus(`at work on ${n}`)), {
      concurrency: "unbounded",
      discard: true
    })
    yield* then("too many messages, if we had sent them", server.close(4008))
    yield* then("the session timed out", server.close(4009))
    yield* server.say("farewell")
    yield* Console.log(`heard: ${(yield* Fiber.join(heard)).join(", ")}`)
  })

const main = Effect.gen(function*() {
  const server = yield* discordServer({ heartbeatInterval: 2000, limit: 120, minute: 3000 })
  const gateway = (token: string) =>
    Gateway.layer({
      url: server.url,
      token: Redacted.make(token),
      rateLimit: { limit: 17, window: "500 millis" },
      reconnect: { schedule: Schedule.spaced("50 millis") }
    }).pipe(Layer.provide(NodeTransport.layer()))

  yield* Effect.provide(live(server), gateway(botToken))
  const { busiest, closes, presences } = yield* server.report
  yield* Console.log(`${presences} statuses came, in no minute more than 120 messages: ${busiest <= 120}`)
  yield* Console.log(`closed with ${closes.join(", ")}`)

  yield* Console.log("# With a token that is not good")
  yield* Effect.flatMap(Gateway, ({ connection }) => connection.await).pipe(
    Effect.provide(gateway("of-somebody-else")),
    Effect.catchReason("ConnectionError", "ApplicationClose", ({ message }) => Console.log(message))
  )
})

NodeRuntime.runMain(Effect.scoped(main))
