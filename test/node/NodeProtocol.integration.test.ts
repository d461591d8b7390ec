import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
// As users write it: the aliases of vitest.config.ts lead to the sources.
import * as Context from "effect/Context"
import { Codec, Protocol } from "holdfast"
import { Msgpack } from "holdfast/msgpack"
import { NodeProtocol } from "holdfast/node"
import { noPrice, price } from "../support/feed.ts"
import { atOnce, record, until } from "../support/realConnection.ts"
import * as WsServer from "../support/wsServer.ts"

const Price = Schema.Struct({ symbol: Schema.String, price: Schema.Number })
const Follow = Schema.Struct({ op: Schema.Literal("follow"), symbol: Schema.String })

class Feed extends Protocol.Service<Feed>()("app/Feed", {
  codec: Codec.json,
  incoming: Price,
  outgoing: Follow,
  onInvalid: "ignore"
}) {}

describe("a protocol over real sockets", () => {
  it.live("speaks across a lost session, and passes over what it does not understand", () =>
    Effect.gen(function*() {
      const followed: Array<string> = []
      const server = yield* WsServer.make((socket) => {
        socket.on("message", (data) => {
          followed.push((data as Buffer).toString())
          socket.send(noPrice)
          // JSON in a binary frame is JSON too.
          for (let n = 0; n < 3; n++) socket.send(n === 1 ? Buffer.from(price(n)) : price(n))
        })
      })
      const context = yield* Layer.build(Layer.fresh(NodeProtocol.layer(Feed, { url: server.url, reconnect: atOnce })))
      const protocol = Context.get(context, Feed)
      const prices = yield* record(protocol.messages)
      const invalid = yield* record(protocol.invalid)
      const inSession: Array<number> = []
      yield* Effect.forkScoped(protocol.withSessions((session) =>
        Effect.gen(function*() {
          yield* session.send({ op: "follow", symbol: `S${session.id}` })
          yield* Stream.runForEach(session.messages, ({ price }) => Effect.sync(() => inSession.push(price)))
        })
      ))
      yield* prices.count(3)
      for (const socket of server.server.clients) socket.terminate()
      yield* prices.count(6)
      yield* until(() => inSession.length === 6)
      assert.deepStrictEqual(prices.all.map(({ price }) => price), [0, 1, 2, 0, 1, 2])
      assert.deepStrictEqual(inSession, [0, 1, 2, 0, 1, 2])
      assert.deepStrictEqual(followed, [`{"op":"follow","symbol":"S1"}`, `{"op":"follow","symbol":"S2"}`])
      yield* invalid.count(2)
      assert.deepStrictEqual(invalid.all.map(({ head }) => head), [noPrice, noPrice])
    }))

  it.live("loses nothing of a flood that a slow reader and a quick one read in several frames at a time", () =>
    Effect.gen(function*() {
      const count = 20_000
      const server = yield* WsServer.make((socket) => {
        socket.on("message", () => {
          for (let n = 0; n < count; n += 10) {
            socket.send(Array.from({ length: 10 }, (_, i) => price(n + i)).join("\n"))
          }
        })
      })
      const protocol = yield* NodeProtocol.make({ codec: Codec.ndjson, incoming: Price, outgoing: Follow }, {
        url: server.url,
        inbound: { highWaterMark: 16 * 1024 }
      })
      const quick: Array<number> = []
      const slow: Array<number> = []
      const heard: Array<number> = []
      yield* protocol.listen(({ price }) => heard.push(price))
      yield* Effect.forkScoped(
        Stream.runForEach(protocol.messages, ({ price }) => Effect.sync(() => quick.push(price)))
      )
      yield* Effect.forkScoped(
        Stream.runForEachArray(protocol.messages, (batch) =>
          Effect.andThen(
            Effect.sleep("1 millis"),
            Effect.sync(() => slow.push(...batch.map(({ price }) => price)))
          ))
      )
      yield* protocol.send({ op: "follow", symbol: "KELP" })
      yield* until(() => slow.length >= count && quick.length >= count)
      const all = Array.from({ length: count }, (_, n) => n)
      assert.deepStrictEqual(quick, all)
      assert.deepStrictEqual(slow, all)
      assert.deepStrictEqual(heard, all)
    }))

  it.live("speaks MessagePack", () =>
    Effect.gen(function*() {
      const server = yield* WsServer.echo()
      const Note = Schema.Struct({ at: Schema.Date, bytes: Schema.Uint8Array, text: Schema.optionalKey(Schema.String) })
      const protocol = yield* NodeProtocol.make({ codec: Msgpack.codec, incoming: Note, outgoing: Note }, {
        url: server.url
      })
      const notes = yield* record(protocol.messages)
      const note = { at: new Date(1_700_000_000_123), bytes: Uint8Array.of(1, 2, 3) }
      yield* protocol.send(note)
      yield* protocol.send({ ...note, text: "é" })
      assert.deepStrictEqual(yield* notes.count(2), [note, { ...note, text: "é" }])
    }))
})
