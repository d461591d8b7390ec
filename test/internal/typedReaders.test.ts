import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Pull from "effect/Pull"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import * as Codec from "../../src/Codec.ts"
import { ConnectionError, DecodingFailed } from "../../src/ConnectionError.ts"
import { Decoder } from "../../src/internal/decoder.ts"
import { Decodings } from "../../src/internal/decodings.ts"
import { SingleValues, values, valuesOf } from "../../src/internal/typedReaders.ts"
import type { Message } from "../../src/Link.ts"

const failing = new ConnectionError({ reason: new DecodingFailed({ by: "codec", issue: "no", head: "x" }) })

const numbers = (error?: ConnectionError) =>
  new Decodings<number, ConnectionError>(new Decoder(Codec.json, Schema.Number), () => error)

/** Pulls these batches, then ends. */
const pulling = (batches: ReadonlyArray<readonly [Message, ...Array<Message>]>) => {
  const rest = [...batches]
  return Effect.suspend(() => {
    const batch = rest.shift()
    return batch === undefined ? Cause.done() : Effect.succeed(batch)
  })
}

describe("values", () => {
  it.effect("passes over a batch without any, however many there are", () =>
    Effect.gen(function*() {
      const nothing = Array.from({ length: 20_000 }, (): [Message] => ["x"])
      const pull = values(numbers(), pulling([...nothing, ["1", "x", "2"]]))
      assert.deepStrictEqual(yield* pull, [1, 2])
      assert.isTrue(Pull.isDoneCause(exitCause(yield* Effect.exit(pull))))
    }))

  it.effect("fails behind what came before, and stays failed", () =>
    Effect.gen(function*() {
      const pull = values(numbers(failing), pulling([["1", "x", "2"], ["3"]]))
      assert.deepStrictEqual(yield* pull, [1])
      assert.strictEqual(yield* Effect.flip(pull), failing)
      assert.strictEqual(yield* Effect.flip(pull), failing)
    }))
})

describe("valuesOf", () => {
  it.effect("has the end of the stream", () =>
    Effect.gen(function*() {
      const stream = valuesOf(numbers(), Stream.concat(Stream.make("1", "2"), Stream.fail("over")))
      const seen: Array<number> = []
      const end = yield* Effect.flip(Stream.runForEach(stream, (value) => Effect.sync(() => seen.push(value))))
      assert.strictEqual(end, "over")
      assert.deepStrictEqual(seen, [1, 2])
    }))
})

describe("SingleValues", () => {
  it.effect("fails once where a message is invalid, and then goes on", () =>
    Effect.gen(function*() {
      const messages = ["1", "x", "2"]
      const single = new SingleValues(numbers(failing), Effect.sync(() => messages.shift()!))
      assert.strictEqual(yield* single.receive, 1)
      assert.strictEqual(yield* Effect.flip(single.receive), failing)
      assert.strictEqual(yield* single.receive, 2)
    }))
})

const exitCause = <A, E>(exit: Exit.Exit<A, E>): Cause.Cause<E> => Exit.isFailure(exit) ? exit.cause : Cause.empty
