import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { describe, expect, it } from "vitest"
import * as Codec from "../../src/Codec.ts"
import { makeEncoder } from "../../src/internal/encoder.ts"
import { Follow } from "../support/feed.ts"

const problem = (result: Result.Result<unknown, { readonly message: string }>): string =>
  Result.getOrThrow(Result.flip(result)).message

describe("an encoder", () => {
  it("makes the message", () => {
    const encode = makeEncoder(Codec.json, Schema.Struct({ at: Schema.DateFromString }))
    expect(Result.getOrThrow(encode({ at: new Date(0) }))).toBe(`{"at":"1970-01-01T00:00:00.000Z"}`)
  })

  it("refuses with the schema's own issue", () => {
    const encode = makeEncoder(Codec.json, Follow)
    const refused = encode({ op: "follow", symbol: 1 as unknown as string })
    expect(problem(refused)).toBe(`not sent: invalid message: Expected string\n  at ["symbol"]`)
    expect(Result.getOrThrow(Result.flip(refused)).reason).toMatchObject({
      _tag: "SendFailed",
      delivery: "notSent",
      cause: { reason: { _tag: "InvalidRequest", option: "message" } }
    })
  })

  it("refuses what the codec cannot write", () => {
    const encode = makeEncoder(Codec.json, Schema.Unknown)
    expect(problem(encode(undefined))).toBe(
      "not sent: invalid message: json cannot encode the value: TypeError: JSON cannot say undefined"
    )
  })

  it("tells nothing of the value where the codec is redacted", () => {
    const Pin = Schema.Record(Schema.String, Schema.Number)
    const encode = makeEncoder(Codec.redacted(Codec.json), Pin)
    expect(problem(encode({ hunter2: "x" as unknown as number }))).toBe(
      "not sent: invalid message: Expected number\n  at [*]"
    )
    const cyclic: Record<string, unknown> = {}
    cyclic["hunter2"] = cyclic
    const any = makeEncoder(Codec.redacted(Codec.json), Schema.Unknown)
    expect(problem(any(cyclic))).toBe("not sent: invalid message: json cannot encode the value: TypeError")
  })
})
