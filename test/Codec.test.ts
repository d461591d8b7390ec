import * as Result from "effect/Result"
import { describe, expect, it } from "vitest"
import * as Codec from "../src/Codec.ts"
import type { Message } from "../src/Link.ts"

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text)
const decoded = (codec: Codec.Codec, message: Message) => Result.getOrThrow(Codec.decode(codec, message))
const encoded = (codec: Codec.Codec, value: unknown) => Result.getOrThrow(Codec.encode(codec, value))
const refusal = (result: Result.Result<unknown, Codec.CodecError>): Codec.CodecError => {
  if (Result.isSuccess(result)) throw new Error(`It was not refused: ${JSON.stringify(result.success)}`)
  return result.failure
}
const notUtf8 = Uint8Array.of(0x22, 0xff, 0x22)

describe("json", () => {
  it("reads text, and binary frames as UTF-8 with or without a byte order mark", () => {
    expect(decoded(Codec.json, `{"a":"é"}`)).toEqual([{ a: "é" }])
    expect(decoded(Codec.json, utf8(`{"a":"é"}`))).toEqual([{ a: "é" }])
    expect(decoded(Codec.json, Uint8Array.of(0xef, 0xbb, 0xbf, 0x31))).toEqual([1])
  })

  it("writes text", () => {
    expect(encoded(Codec.json, { a: [1, null] })).toBe(`{"a":[1,null]}`)
  })

  it.each([[undefined], [() => 0], [Symbol("s")], [1n]])("refuses to write %s, which JSON cannot say", (value) => {
    expect(refusal(Codec.encode(Codec.json, value))).toMatchObject({ codec: "json", direction: "encode", head: "" })
  })

  it("refuses what is not JSON, and bytes that are not UTF-8", () => {
    expect(refusal(Codec.decode(Codec.json, "{oops"))).toMatchObject({ direction: "decode", head: "{oops" })
    expect(refusal(Codec.decode(Codec.json, notUtf8)).head).toBe("22 ff 22")
    expect(refusal(Codec.decode(Codec.json, ""))).toMatchObject({ codec: "json", head: "" })
  })
})

describe("ndjson", () => {
  it("reads any number of lines, with an empty one, a last one that does not end, and CRLF", () => {
    expect(decoded(Codec.ndjson, `{"n":1}\n\n{"n":2}\r\n \n3`)).toEqual([{ n: 1 }, { n: 2 }, 3])
    expect(decoded(Codec.ndjson, utf8("1\n2\n"))).toEqual([1, 2])
    expect(decoded(Codec.ndjson, "\n")).toEqual([])
    expect(decoded(Codec.ndjson, "")).toEqual([])
  })

  it("writes one line that ends", () => {
    expect(encoded(Codec.ndjson, { text: "two\nlines" })).toBe(`{"text":"two\\nlines"}\n`)
  })

  it("tells of the line that it could not read", () => {
    expect(refusal(Codec.decode(Codec.ndjson, "1\nnope\n3")).head).toBe("nope")
    expect(refusal(Codec.decode(Codec.ndjson, notUtf8)).head).toBe("22 ff 22")
  })
})

describe("text", () => {
  it("is strings, in text or in binary frames", () => {
    expect(decoded(Codec.text, "tide")).toEqual(["tide"])
    expect(decoded(Codec.text, utf8("tide"))).toEqual(["tide"])
    expect(encoded(Codec.text, "tide")).toBe("tide")
  })

  it("refuses what is no string", () => {
    expect(refusal(Codec.encode(Codec.text, 1)).message).toBe(
      "text cannot encode the value: TypeError: expected a string, got number"
    )
    expect(refusal(Codec.decode(Codec.text, notUtf8)).codec).toBe("text")
  })
})

describe("bytes", () => {
  it("is binary frames, as they are", () => {
    const frame = Uint8Array.of(1, 2)
    expect(decoded(Codec.bytes, frame)[0]).toBe(frame)
    expect(encoded(Codec.bytes, frame)).toBe(frame)
  })

  it("refuses text", () => {
    expect(refusal(Codec.decode(Codec.bytes, "text")).message).toBe(
      "bytes cannot decode the frame: TypeError: expected a binary frame, got text (it begins with text)"
    )
    expect(refusal(Codec.encode(Codec.bytes, "text")).direction).toBe("encode")
  })
})

describe("a codec of one's own", () => {
  const csv = Codec.make({
    name: "csv",
    encode: (value) => (value as ReadonlyArray<string>).join(","),
    decode: (message) => Codec.textOf(message).split(",")
  })

  it("is used as the others are", () => {
    expect(decoded(csv, "a,b")).toEqual([["a", "b"]])
    expect(encoded(csv, ["a", "b"])).toBe("a,b")
  })

  it("may throw what it likes", () => {
    const broken = Codec.make({ ...csv, decode: () => decodeFails() })
    expect(refusal(Codec.decode(broken, "a"))).toMatchObject({ cause: "no reason", codec: "csv" })
  })
})

const decodeFails = (): never => {
  throw "no reason"
}

describe("the head", () => {
  it("is 64 characters, or 64 bytes in hex", () => {
    expect(refusal(Codec.decode(Codec.json, "x".repeat(100))).head).toBe(`${"x".repeat(63)}…`)
    const { head } = refusal(Codec.decode(Codec.json, new Uint8Array(100)))
    expect(head).toBe(`${Array.from({ length: 64 }, () => "00").join(" ")} …`)
  })
})

describe("a redacted codec", () => {
  const secret = Codec.redacted(Codec.json)

  it("does the same", () => {
    expect(decoded(secret, "1")).toEqual([1])
    expect(secret.name).toBe("json")
  })

  it("tells nothing of the frame, though JSON.parse quotes it", () => {
    const open = refusal(Codec.decode(Codec.json, `{"token":hunter2}`))
    expect(open.message).toContain("hunter2")
    const error = refusal(Codec.decode(secret, `{"token":hunter2}`))
    expect(error.message).toBe("json cannot decode the frame: SyntaxError (it begins with <redacted>)")
    expect(JSON.stringify(error)).not.toContain("hunter2")
  })
})
