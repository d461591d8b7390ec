import { assert, describe, it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { check, type ConnectionOptions } from "../../src/internal/connectionOptions.ts"

/** Options as JavaScript may give them. */
const options = (given: unknown): ConnectionOptions => given as ConnectionOptions

const refused: ReadonlyArray<[option: string, given: unknown]> = [
  ["options", "wss://feed.example"],
  ["name", ""],
  ["name", 7],
  ["inbound", "backpressure"],
  ["inbound.highWaterMark", { inbound: { highWaterMark: 0 } }],
  ["inbound.highWaterMark", { inbound: { highWaterMark: -1 } }],
  ["inbound.highWaterMark", { inbound: { highWaterMark: Number.NaN } }],
  ["inbound.highWaterMark", { inbound: { highWaterMark: Number.POSITIVE_INFINITY } }],
  ["inbound.highWaterMark", { inbound: { highWaterMark: 1.5 } }],
  ["inbound.highWaterMark", { inbound: { highWaterMark: "1MiB" } }],
  ["inbound.overflow", { inbound: { overflow: "explode" } }],
  ["inbound.unread", { inbound: { unread: "keepAll" } }],
  ["inbound.maxPause", { inbound: { maxPause: 0 } }],
  ["inbound.maxPause", { inbound: { maxPause: "-1 seconds" } }],
  ["inbound.maxPause", { inbound: { maxPause: Duration.infinity } }],
  ["inbound.maxPause", { inbound: { maxPause: "a while" } }],
  ["outbound", 5],
  ["outbound.highWaterMark", { outbound: { highWaterMark: 0 } }],
  ["outbound.highWaterMark", { outbound: { highWaterMark: Number.NaN } }],
  ["outbound.whileDisconnected", { outbound: { whileDisconnected: "wait" } }],
  ["outbound.whileDisconnected", { outbound: { whileDisconnected: 1 } }],
  ["outbound.whileDisconnected.buffer", { outbound: { whileDisconnected: {} } }],
  ["outbound.whileDisconnected.buffer.messages", { outbound: { whileDisconnected: { buffer: { messages: 0 } } } }],
  ["outbound.whileDisconnected.buffer.bytes", { outbound: { whileDisconnected: { buffer: { bytes: -5 } } } }],
  ["outbound.whileDisconnected.overflow", {
    outbound: { whileDisconnected: { buffer: {}, overflow: "burst" } }
  }],
  ["start", { start: "soon" }],
  ["start", { start: true }],
  ["closeTimeout", { closeTimeout: 0 }],
  ["closeTimeout", { closeTimeout: Duration.infinity }],
  ["closeTimeout", { closeTimeout: Number.NaN }],
  ["closeCode", { closeCode: 1006 }],
  ["closeCode", { closeCode: 1005 }],
  ["closeCode", { closeCode: 0 }],
  ["closeCode", { closeCode: 5000 }],
  ["closeCode", { closeCode: Number.NaN }],
  ["closeCode", { closeCode: "1000" }]
]

describe("the options of a connection", () => {
  it.effect("all have defaults", () =>
    Effect.gen(function*() {
      const defaults = yield* check(undefined)
      assert.deepStrictEqual(defaults, {
        name: undefined,
        inbound: {
          highWaterMark: 262_144,
          overflow: "backpressure",
          unread: "keepLatest",
          maxPause: Duration.minutes(5)
        },
        outbound: { highWaterMark: 262_144, whileDisconnected: { mode: "suspend" }, rateLimit: undefined },
        start: "eager",
        closeTimeout: Duration.seconds(5),
        closeCode: 1000
      })
      assert.deepStrictEqual(yield* check({ inbound: undefined, outbound: {}, closeCode: undefined }), defaults)
    }))

  for (const [index, [option, given]] of refused.entries()) {
    const wrong = option === "options" ? given : typeof given === "object" ? given : { [option]: given }
    it.effect(`${option} that can never work is an InvalidRequest that names it and says what to write (${index + 1})`, () =>
      Effect.gen(function*() {
        const { reason } = yield* Effect.flip(check(options(wrong)))
        assert(reason._tag === "InvalidRequest")
        assert.strictEqual(reason.option, option)
        assert.match(reason.problem, /use |must /)
      }))
  }

  it.effect("a buffer is bounded by 1 000 messages where neither bound is given, else by what is given", () =>
    Effect.gen(function*() {
      const buffer = (bounds: { readonly messages?: number; readonly bytes?: number }) =>
        Effect.map(
          check({ outbound: { whileDisconnected: { buffer: bounds } } }),
          ({ outbound }) => outbound.whileDisconnected
        )
      const unbounded = Number.MAX_SAFE_INTEGER
      const made = { mode: "buffer", overflow: "suspend" } as const
      assert.deepStrictEqual(yield* buffer({}), { ...made, messages: 1000, bytes: unbounded })
      assert.deepStrictEqual(yield* buffer({ bytes: 10 }), { ...made, messages: unbounded, bytes: 10 })
      assert.deepStrictEqual(yield* buffer({ messages: 5, bytes: 10 }), { ...made, messages: 5, bytes: 10 })
    }))

  it.effect("a bound of a buffer that is none is told in its own unit", () =>
    Effect.gen(function*() {
      const problem = (buffer: { readonly messages?: number; readonly bytes?: number }) =>
        Effect.map(
          Effect.flip(check({ outbound: { whileDisconnected: { buffer } } })),
          ({ reason }) => reason._tag === "InvalidRequest" ? reason.problem : ""
        )
      assert.match(yield* problem({ messages: 0 }), /^0 is not a number of messages;/)
      assert.match(yield* problem({ bytes: 0 }), /^0 is not a number of bytes;/)
    }))
})
