import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as SchemaGetter from "effect/SchemaGetter"
import { describe, expect, it } from "vitest"
import * as Codec from "../../src/Codec.ts"
import { Decoder, invalid } from "../../src/internal/decoder.ts"
import { noPrice, Price } from "../support/feed.ts"

const secret = Codec.redacted(Codec.json)

describe("decode", () => {
  it("gives the value that the schema makes of what the codec reads", () => {
    const decoder = new Decoder(Codec.json, Schema.Struct({ at: Schema.DateFromString }))
    expect(decoder.decode(`{"at":"2026-01-01T00:00:00.000Z"}`)).toEqual({ at: new Date("2026-01-01T00:00:00.000Z") })
    expect(decoder.problem).toBe(undefined)
  })

  it("tells what the codec could not read", () => {
    const decoder = new Decoder(Codec.json, Price)
    expect(decoder.decode("{oops")).toBe(invalid)
    expect(decoder.problem).toMatchObject({ by: "codec", kind: "json: SyntaxError", head: "{oops" })
    expect(decoder.problem?.issue).toMatch(/^json cannot decode it: SyntaxError/)
  })

  it("forges no line of a log", () => {
    const decoder = new Decoder(Codec.json, Price)
    expect(decoder.decode("\n\u001b[31mERROR\u0085")).toBe(invalid)
    expect(decoder.problem?.head).toBe("\\n\\u001b[31mERROR\\u0085")
    expect(decoder.problem?.issue).not.toMatch(/\p{Cc}/u)
  })

  it("tells what does not fit the schema, the same kind for the same fault", () => {
    const decoder = new Decoder(Codec.json, Price)
    expect(decoder.decode(noPrice)).toBe(invalid)
    expect(decoder.problem).toEqual({
      by: "schema",
      issue: `Expected number\n  at ["price"]`,
      kind: `Expected number\n  at ["price"]`,
      head: noPrice
    })
  })

  it("tells nothing of the message where the codec is redacted", () => {
    const decoder = new Decoder(secret, Schema.Record(Schema.String, Schema.Number))
    expect(decoder.decode(`{"hunter2":"x"}`)).toBe(invalid)
    expect(decoder.problem).toEqual({
      by: "schema",
      issue: "Expected number\n  at [*]",
      kind: "Expected number\n  at [*]",
      head: "<redacted>"
    })
    expect(decoder.decode("hunter2")).toBe(invalid)
    expect(JSON.stringify(decoder.problem)).not.toContain("hunter2")
  })

  it("calls a transformation that throws, or that waits, a fault of the schema", () => {
    const throws = Schema.String.pipe(Schema.decodeTo(Schema.String, {
      decode: SchemaGetter.transform((text: string): string => {
        throw new Error(`no ${text}`)
      }),
      encode: SchemaGetter.transform((text: string) => text)
    }))
    const waits = Schema.String.pipe(Schema.decodeTo(Schema.String, {
      decode: SchemaGetter.transformEffect((text: string) => Effect.as(Effect.yieldNow, text)),
      encode: SchemaGetter.transform((text: string) => text)
    }))
    const decoder = new Decoder(Codec.json, throws)
    expect(decoder.decode(`"kelp"`)).toBe(invalid)
    expect(decoder.problem).toMatchObject({ by: "schema", kind: "a defect" })
    expect(decoder.problem?.issue).toContain("no kelp")
    const redacted = new Decoder(secret, throws)
    expect(redacted.decode(`"kelp"`)).toBe(invalid)
    expect(redacted.problem?.issue).toBe("the schema's own code failed")
    // What is finished within the scheduler's own turn is synchronous enough.
    expect(new Decoder(Codec.json, waits).decode(`"kelp"`)).toBe("kelp")
  })
})

describe("split", () => {
  it("gives the parts of a message, or tells why there are none", () => {
    const decoder = new Decoder(Codec.ndjson, Schema.Number)
    expect(decoder.splits).toBe(true)
    expect(decoder.split("1\n2")).toEqual(["1", "2"])
    expect(decoder.split(Uint8Array.of(0xff))).toEqual([])
    expect(decoder.problem).toMatchObject({ by: "codec", head: "ff" })
    expect(new Decoder(Codec.json, Schema.Number).splits).toBe(false)
  })
})
