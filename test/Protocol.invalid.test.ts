import { assert, describe, it } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Metric from "effect/Metric"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { TestClock } from "effect/testing"
import * as Codec from "../src/Codec.ts"
import type { ConnectionError } from "../src/ConnectionError.ts"
import * as Metrics from "../src/ConnectionMetrics.ts"
import type * as Protocol from "../src/Protocol.ts"
import { beside, collect, settle } from "./support/connect.ts"
import type { Price } from "./support/feed.ts"
import { feed, Follow, noPrice, price } from "./support/feed.ts"
import { heard, speak, speakWith } from "./support/protocol.ts"

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

describe("what is not understood", () => {
  it.effect("is by default logged once for each kind, counted, told, and does not end the stream", () =>
    heard((lines) =>
      Effect.gen(function*() {
        const { peer, protocol } = yield* speak({}, { connection: { name: "invalid-by-default" } })
        const prices = yield* collect(protocol.messages)
        yield* protocol.listen(() => {})
        const told = yield* collect(protocol.invalid)
        for (const message of [noPrice, price(1), noPrice, "{", noPrice, "{", price(2)]) yield* peer.send(message)
        yield* settle
        assert.deepStrictEqual(prices, [kelp(1), kelp(2)])
        assert.deepStrictEqual(lines.length, 2)
        assert.match(
          lines[0]!,
          /^Warn a message was not understood: Expected number\n {2}at \["price"\] \(it begins with \{/
        )
        assert.match(lines[1]!, /^Warn a message was not understood: json cannot decode it/)
        assert.deepStrictEqual(told.map(({ by, head }) => [by, head]), [
          ["schema", noPrice],
          ["schema", noPrice],
          ["codec", "{"],
          ["schema", noPrice],
          ["codec", "{"]
        ])
        assert.deepStrictEqual(told[0]!.session, Option.some(1))
        const count = (by: string) =>
          Metric.value(Metric.withAttributes(Metrics.invalidMessages, { connection: "invalid-by-default", by }))
        assert.strictEqual((yield* count("schema")).count, 3)
        assert.strictEqual((yield* count("codec")).count, 2)
      })
    ))

  it.effect("is told until the connection is closed for good", () =>
    Effect.gen(function*() {
      const { connection, peer, protocol } = yield* speak({ onInvalid: "ignore" })
      yield* collect(protocol.messages)
      const told = yield* beside(Stream.runCollect(protocol.invalid))
      yield* settle
      yield* peer.send("{")
      yield* settle
      yield* connection.close()
      assert.strictEqual((yield* Fiber.join(told)).length, 1)
    }))

  it.effect("with \"fail\" fails every reader, behind what came before; the next one begins anew", () =>
    Effect.gen(function*() {
      const { peer, protocol } = yield* speak({ onInvalid: "fail" })
      const one = yield* outcomeOf(protocol.messages)
      const two = yield* outcomeOf(protocol.messages)
      const heard: Array<Price> = []
      yield* protocol.listen((value) => heard.push(value))
      const told = yield* collect(protocol.invalid)
      for (const message of [price(1), noPrice, price(2)]) yield* peer.send(message)
      yield* settle
      for (const { fiber, seen } of [one, two]) {
        const error = yield* Fiber.join(fiber)
        assert.deepStrictEqual(seen, [kelp(1)])
        if (error === "ended") return assert.fail("the stream ended")
        assert.strictEqual(error.reason._tag, "DecodingFailed")
        assert.match(error.message, /^a message was not understood: Expected number\n/)
      }
      assert.strictEqual(told.length, 1)
      assert.deepStrictEqual(heard, [kelp(1), kelp(2)])
      const again = yield* collect(protocol.messages)
      yield* peer.send(price(3))
      yield* settle
      assert.deepStrictEqual(again, [kelp(3)])
    }))

  it.effect("with \"ignore\" is counted and told, but not logged", () =>
    heard((lines) =>
      Effect.gen(function*() {
        const { peer, protocol } = yield* speak({ onInvalid: "ignore" })
        const prices = yield* collect(protocol.messages)
        const told = yield* collect(protocol.invalid)
        for (const message of [noPrice, price(1)]) yield* peer.send(message)
        yield* settle
        assert.deepStrictEqual(prices, [kelp(1)])
        assert.strictEqual(told.length, 1)
        assert.deepStrictEqual(lines, [])
      })
    ))

  it.effect("is handed to a function, one after the other; what it fails with is logged and not fatal", () =>
    heard((lines) =>
      Effect.gen(function*() {
        const seen: Array<string> = []
        const { peer, protocol } = yield* speak({
          onInvalid: ({ head }) =>
            Effect.gen(function*() {
              seen.push(`begin ${head}`)
              yield* Effect.sleep("1 second")
              seen.push(`end ${head}`)
              if (head === "{2") return yield* Effect.die(new Error("clumsy"))
            })
        })
        const prices = yield* collect(protocol.messages)
        for (const message of ["{1", "{2", price(1), "{3"]) yield* peer.send(message)
        yield* settle
        assert.deepStrictEqual(seen, ["begin {1"])
        assert.deepStrictEqual(prices, [kelp(1)])
        yield* TestClock.adjust("3 seconds")
        assert.deepStrictEqual(seen, ["begin {1", "end {1", "begin {2", "end {2", "begin {3", "end {3"])
        assert.match(lines.join("\n"), /^Error `onInvalid` failed .*clumsy/)
        yield* peer.send("{4")
        yield* settle
        assert.strictEqual(seen.at(-1), "begin {4")
      })
    ))

  it.effect("the function may use services", () =>
    Effect.gen(function*() {
      class Report extends Context.Service<Report, Array<string>>()("test/Report") {}
      const reported: Array<string> = []
      const onInvalid = ({ head }: Protocol.InvalidMessage) => Report.useSync((report) => report.push(head))
      const { peer, protocol } = yield* speakWith({ ...feed, onInvalid }).pipe(Effect.provideService(Report, reported))
      yield* collect(protocol.messages)
      yield* peer.send("{")
      yield* settle
      assert.deepStrictEqual(reported, ["{"])
    }))

  it.effect("shows nothing of the message where the codec is redacted", () =>
    heard((lines) =>
      Effect.gen(function*() {
        const { peer, protocol } = yield* speakWith({
          codec: Codec.redacted(Codec.json),
          incoming: Schema.Record(Schema.String, Schema.Number),
          outgoing: Follow
        })
        yield* collect(protocol.messages)
        const told = yield* collect(protocol.invalid)
        for (const message of [`{"hunter2":"x"}`, "hunter2"]) yield* peer.send(message)
        yield* settle
        assert.strictEqual(told.length, 2)
        assert.deepStrictEqual(told.map(({ head }) => head), ["<redacted>", "<redacted>"])
        assert.notInclude(JSON.stringify([told, lines]), "hunter2")
      })
    ))
})
