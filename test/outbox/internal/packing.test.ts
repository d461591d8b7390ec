import { assert, describe, it } from "@effect/vitest"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as Codec from "../../../src/Codec.ts"
import { makeEncoder } from "../../../src/internal/encoder.ts"
import { Packing } from "../../../src/outbox/internal/packing.ts"

const Order = Schema.Struct({ at: Schema.Date, bytes: Schema.Uint8Array })
const encode = makeEncoder(Codec.json, Schema.Struct({ id: Schema.String, at: Schema.String, size: Schema.Finite }))
const packing = () =>
  new Packing({
    schema: Order,
    toOutgoing: ({ at, bytes }: typeof Order.Type, id: string) => ({ id, at: at.toISOString(), size: bytes.length })
  }, encode)
const order = { at: new Date(0), bytes: new Uint8Array([1, 2]) }

describe("Packing", () => {
  it("stores as JSON what JSON itself does not know, and packs it again", () => {
    const one = packing()
    one.opened("abc")
    const payload = Result.getOrThrow(one.store(order))
    assert.isObject(JSON.parse(payload))
    assert.deepStrictEqual(Result.getOrThrow(one.pack({ sequence: 7, payload })), {
      id: "abc-7",
      frame: "{\"id\":\"abc-7\",\"at\":\"1970-01-01T00:00:00.000Z\",\"size\":2}"
    })
  })

  it("refuses a message that is not of the schema, or cannot be sent, with the reason", () => {
    const one = packing()
    assert.include(Result.getOrThrow(Result.flip(one.store({ at: "now" } as never))), "[\"at\"]")
    const invalid = { at: new Date(Number.NaN), bytes: new Uint8Array() }
    assert.include(Result.getOrThrow(Result.flip(one.store(invalid))), "valid Date")
  })

  it.each(["{", "{\"at\":1}", "null"])("fails to pack %s", (payload) => {
    const packed = packing().pack({ sequence: 1, payload })
    assert.instanceOf(Result.getOrThrow(Result.flip(packed)), Error)
  })

  it("takes the message's own id, and the message itself, as it is told", () => {
    const Own = Schema.Struct({ id: Schema.String })
    const one = new Packing({ schema: Own, idOf: ({ id }: typeof Own.Type) => id }, makeEncoder(Codec.json, Own))
    assert.deepStrictEqual(Result.getOrThrow(one.pack({ sequence: 1, payload: "{\"id\":\"x\"}" })), {
      id: "x",
      frame: "{\"id\":\"x\"}"
    })
    assert.strictEqual(one.idOf({ id: "y" }, 3), "y")
  })
})
