import { assert, describe, it } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Result from "effect/Result"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { TestClock } from "effect/testing"
import * as Codec from "../src/Codec.ts"
import * as Connection from "../src/Connection.ts"
import type { ConnectionError } from "../src/ConnectionError.ts"
import * as Protocol from "../src/Protocol.ts"
import { beside, collect, connect, failureOf, parts, settle } from "./support/connect.ts"
import type { Price } from "./support/feed.ts"
import { Feed, feed, price } from "./support/feed.ts"
import { heard, speak } from "./support/protocol.ts"

const kelp = (price: number): Price => ({ symbol: "KELP", price })

const outcomeOf = <A>(stream: Stream.Stream<A, ConnectionError>) =>
  Effect.gen(function*() {
    const seen: Array<A> = []
    const fiber = yield* beside(Effect.flip(Effect.andThen(
      Stream.runForEach(stream, (value) => Effect.sync(() => seen.push(value))),
      Effect.fail("ended" as const)
    )))
    yield* settle
    return { fiber, seen }
  })

/** JSON, and what it was given to decode. */
const countingCodec = () => {
  const decoded: Array<unknown> = []
  const codec = Codec.make({
    ...Codec.json,
    decode: (message) => {
      decoded.push(message)
      return Codec.json.decode(message)
    }
  })
  return { codec, decoded }
}

describe("the tag", () => {
  it.effect("has a layer over Connection", () =>
    Effect.gen(function*() {
      const { layer, server } = yield* parts()
      const context = yield* Layer.build(Feed.layer.pipe(Layer.provide(Connection.layer()), Layer.provide(layer)))
      const protocol = Context.get(context, Feed)
      const prices = yield* collect(protocol.messages)
      const peer = yield* server.peer
      yield* peer.send(price(1))
      yield* settle
      assert.deepStrictEqual(prices, [kelp(1)])
      assert.strictEqual(Feed.key, "app/Feed")
    }))

  it.effect("has a layer over a connection with a tag of its own", () =>
    Effect.gen(function*() {
      class Market extends Connection.Service<Market>()("app/Market") {}
      const { layer, server } = yield* parts()
      const context = yield* Layer.build(
        Feed.layerOver(Market).pipe(Layer.provide(Market.layer()), Layer.provide(layer))
      )
      const protocol = Context.get(context, Feed)
      yield* server.peer
      yield* settle
      assert.strictEqual(protocol.name, "app/Market")
      assert.strictEqual(protocol.connection.name, "app/Market")
      assert.strictEqual((yield* protocol.status)._tag, "Open")
    }))

  it.effect("is the same as make over the connection around it", () =>
    Effect.gen(function*() {
      const { connection, server } = yield* connect()
      const protocol = yield* Protocol.make(feed).pipe(Effect.provideService(Connection.Connection, connection))
      yield* protocol.send({ op: "follow", symbol: "KELP" })
      const peer = yield* server.peer
      assert.strictEqual(yield* peer.receive, `{"op":"follow","symbol":"KELP"}`)
    }))
})

describe("reading", () => {
  it.effect("every run is its own subscription, and all are handed the same values, decoded once", () =>
    Effect.gen(function*() {
      const { codec, decoded } = countingCodec()
      const { peer, protocol } = yield* speak({ codec })
      const first = yield* collect(protocol.messages)
      const second = yield* collect(protocol.messages)
      const listened: Array<Price> = []
      const listenedToo: Array<Price> = []
      yield* protocol.listen((value) => listened.push(value))
      yield* protocol.listen((value) => listenedToo.push(value))
      const session = yield* beside(
        protocol.withSessions((session) =>
          Stream.runForEach(session.messages, (value) => Effect.sync(() => inSession.push(value)))
        )
      )
      const inSession: Array<Price> = []
      yield* settle
      for (const n of [1, 2, 3]) yield* peer.send(price(n))
      yield* settle
      assert.deepStrictEqual(first, [kelp(1), kelp(2), kelp(3)])
      for (const others of [second, listened, listenedToo, inSession]) {
        assert.deepStrictEqual(others, first)
        for (const [i, value] of others.entries()) assert.strictEqual(value, first[i])
      }
      assert.strictEqual(decoded.length, 3)
      yield* Fiber.interrupt(session)
    }))

  it.effect("decodes once also for a session's receive, and for a reader that is slow", () =>
    Effect.gen(function*() {
      const { codec, decoded } = countingCodec()
      const { peer, protocol } = yield* speak({ codec })
      const sessions = yield* collect(protocol.sessions)
      const quick = yield* collect(protocol.messages)
      const slow = yield* protocol.subscribe
      for (const n of [1, 2]) {
        yield* peer.send(price(n))
        yield* settle
      }
      const [session] = sessions
      assert.strictEqual(yield* session!.receive, quick[0])
      assert.strictEqual(yield* session!.receive, quick[1])
      const batch = yield* slow
      assert.strictEqual(batch.length, 2)
      for (const [i, value] of batch.entries()) assert.strictEqual(value, quick[i])
      assert.strictEqual(decoded.length, 2)
    }))

  it.effect("hands over batches", () =>
    Effect.gen(function*() {
      const { peer, protocol } = yield* speak()
      const pull = yield* protocol.subscribe
      for (const n of [1, 2]) yield* peer.send(price(n))
      yield* settle
      assert.deepStrictEqual(yield* pull, [kelp(1), kelp(2)])
    }))

  it.effect("keeps what came while nobody read, for the first reader", () =>
    Effect.gen(function*() {
      const { peer, protocol } = yield* speak()
      yield* peer.send(price(1))
      yield* settle
      assert.deepStrictEqual(yield* collect(protocol.messages), [kelp(1)])
      assert.deepStrictEqual(yield* collect(protocol.messages), [])
    }))

  it.effect("keeps it for the first handler as well, and stops when its scope closes", () =>
    Effect.gen(function*() {
      const { peer, protocol } = yield* speak()
      yield* peer.send(price(1))
      yield* settle
      const scope = yield* Scope.make()
      const seen: Array<Price> = []
      yield* Scope.provide(protocol.listen((value) => seen.push(value)), scope)
      yield* peer.send(price(2))
      yield* settle
      yield* Scope.close(scope, yield* Effect.exit(Effect.void))
      yield* peer.send(price(3))
      yield* settle
      assert.deepStrictEqual(seen, [kelp(1), kelp(2)])
      assert.deepStrictEqual(yield* collect(protocol.messages), [kelp(3)])
    }))

  it.effect("a slow reader pauses the socket, as with the connection itself", () =>
    Effect.gen(function*() {
      const { connection, peer, protocol } = yield* speak({}, { connection: { inbound: { highWaterMark: 100 } } })
      const pull = yield* protocol.subscribe
      const paused = Effect.map(connection.status, (status) => status._tag === "Open" && status.paused)
      for (let n = 0; n < 10; n++) yield* peer.send(price(n))
      yield* settle
      assert.strictEqual(yield* paused, true)
      const seen: Array<Price> = []
      while (seen.length < 10) {
        seen.push(...yield* pull)
        yield* settle
      }
      assert.deepStrictEqual(seen, Array.from({ length: 10 }, (_, n) => kelp(n)))
      assert.strictEqual(yield* paused, false)
    }))

  it.effect("goes on across sessions, ends when we close, and fails when the connection gives up", () =>
    Effect.gen(function*() {
      const { connection, peer, protocol, server } = yield* speak()
      const { fiber, seen } = yield* outcomeOf(protocol.messages)
      yield* peer.send(price(1))
      yield* settle
      yield* peer.drop
      yield* TestClock.adjust("2 seconds")
      const next = yield* server.peer
      yield* next.send(price(2))
      yield* settle
      yield* connection.close()
      assert.strictEqual(yield* Fiber.join(fiber), "ended")
      assert.deepStrictEqual(seen, [kelp(1), kelp(2)])
    }))

  it.effect("reads several values in a frame", () =>
    Effect.gen(function*() {
      const { peer, protocol } = yield* speak({ codec: Codec.ndjson })
      const prices = yield* collect(protocol.messages)
      yield* peer.send(`${price(1)}\n${price(2)}\n`)
      yield* settle
      assert.deepStrictEqual(prices, [kelp(1), kelp(2)])
    }))

  it.effect("what a handler throws is logged, and keeps nothing from the others", () =>
    heard((lines) =>
      Effect.gen(function*() {
        const { peer, protocol } = yield* speak()
        const seen: Array<Price> = []
        yield* protocol.listen(() => {
          throw new Error("clumsy")
        })
        yield* protocol.listen((value) => seen.push(value))
        yield* peer.send(price(1))
        yield* settle
        assert.deepStrictEqual(seen, [kelp(1)])
        assert.match(lines.join("\n"), /Error a handler of `listen` threw .*clumsy/)
      })
    ))
})

describe("sending", () => {
  it.effect("sends what the schema and the codec make of it", () =>
    Effect.gen(function*() {
      const { peer, protocol } = yield* speak()
      yield* protocol.send({ op: "follow", symbol: "KELP" })
      assert.strictEqual(yield* peer.receive, `{"op":"follow","symbol":"KELP"}`)
      assert.deepStrictEqual(
        protocol.encode({ op: "follow", symbol: "KELP" }),
        Result.succeed(`{"op":"follow","symbol":"KELP"}`)
      )
    }))

  it.effect("fails with the schema's readable issue, and sends nothing", () =>
    Effect.gen(function*() {
      const { peer, protocol } = yield* speak()
      const error = yield* failureOf(protocol.send({ op: "follow", symbol: 1 as unknown as string }))
      assert.strictEqual(error.message, `not sent: invalid message: Expected string\n  at ["symbol"]`)
      assert.deepStrictEqual(yield* peer.received, [])
    }))
})

describe("a prelude", () => {
  it.effect("goes first in every session, typed", () =>
    Effect.gen(function*() {
      const { peer, protocol, server } = yield* speak()
      yield* protocol.prelude((session) => session.send({ op: "follow", symbol: `first of ${session.id}` }))
      yield* peer.drop
      yield* settle
      const sent = yield* beside(protocol.send({ op: "follow", symbol: "waiting" }))
      yield* TestClock.adjust("2 seconds")
      const next = yield* server.peer
      yield* Fiber.join(sent)
      assert.deepStrictEqual(yield* next.received, [
        `{"op":"follow","symbol":"first of 2"}`,
        `{"op":"follow","symbol":"waiting"}`
      ])
    }))

  it.effect("that sends what the schema refuses ends its session", () =>
    Effect.gen(function*() {
      const { connection, peer, protocol } = yield* speak()
      const ends: Array<string> = []
      const events = yield* collect(connection.events)
      yield* protocol.prelude((session) => session.send({ op: "follow" } as never))
      yield* peer.drop
      yield* TestClock.adjust("2 seconds")
      for (const event of events) if (event._tag === "Disconnected") ends.push(event.error.message)
      assert.match(ends[1]!, /not sent: invalid message: Missing key/)
    }))
})

describe("delivery", () => {
  it.effect("is chosen as with the connection's send", () =>
    Effect.gen(function*() {
      const { peer, protocol } = yield* speak()
      yield* peer.drop
      yield* settle
      const sent = yield* beside(
        Effect.flip(protocol.send({ op: "follow", symbol: "late" }, { expireAfter: "1 millis" }))
      )
      yield* TestClock.adjust("1 millis")
      const error = yield* Fiber.join(sent)
      assert.match(error.message, /^not sent: /)
    }))
})

describe("sessions", () => {
  it.effect("are handed out with values for messages, and end as the session does", () =>
    Effect.gen(function*() {
      const { peer, protocol, server } = yield* speak()
      const sessions = yield* collect(protocol.sessions)
      const seen: Array<string> = []
      yield* beside(protocol.withSessions((session) =>
        Effect.gen(function*() {
          yield* session.send({ op: "follow", symbol: `S${session.id}` })
          const { price } = yield* session.receive
          seen.push(`${session.id}: ${price}`)
          return yield* Effect.ensuring(Effect.never, Effect.sync(() => seen.push(`${session.id} over`)))
        })
      ))
      yield* settle
      assert.strictEqual(yield* peer.receive, `{"op":"follow","symbol":"S1"}`)
      yield* peer.send(price(1))
      yield* settle
      yield* peer.drop
      yield* TestClock.adjust("2 seconds")
      const next = yield* server.peer
      yield* settle
      assert.strictEqual(yield* next.receive, `{"op":"follow","symbol":"S2"}`)
      yield* next.send(price(2))
      yield* settle
      assert.deepStrictEqual(seen, ["1: 1", "1 over", "2: 2"])
      assert.deepStrictEqual(sessions.map(({ id }) => id), [1, 2])
      assert.strictEqual((yield* sessions[0]!.ended).reason._tag, "AbnormalClosure")
    }))
})
