import * as Result from "effect/Result"
import { Packr } from "msgpackr"
import { describe, expect, it } from "vitest"
import * as Codec from "../../src/Codec.ts"
import * as Msgpack from "../../src/msgpack/Msgpack.ts"

const { codec } = Msgpack
const encode = (value: unknown): Uint8Array => codec.encode(value) as Uint8Array
const roundTrip = (value: unknown): unknown => codec.decode(encode(value))
const hex = (bytes: Uint8Array): string => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join(" ")
const isRefused = (message: string | Uint8Array): boolean => Result.isFailure(Codec.decode(codec, message))

describe("what it writes", () => {
  it("is plain MessagePack: maps, and no records", () => {
    expect(hex(encode({ a: 1, b: [true, null] }))).toBe("82 a1 61 01 a1 62 92 c3 c0")
    expect(hex(encode(new Map([["a", 1]])))).toBe("81 a1 61 01")
  })

  it("leaves out fields that are undefined; any other undefined is nil", () => {
    expect(hex(encode({ a: undefined, b: 1 }))).toBe("81 a1 62 01")
    expect(hex(encode([undefined]))).toBe("91 c0")
    expect(hex(encode(undefined))).toBe("c0")
  })

  it("has dates as the timestamp of the standard", () => {
    expect(hex(encode(new Date(1000)))).toBe("d6 ff 00 00 00 01")
    expect(roundTrip(new Date("2026-11-25T12:34:56.789Z"))).toEqual(new Date("2026-11-25T12:34:56.789Z"))
  })

  it("has a bigint of up to 64 bits, and refuses a larger one", () => {
    expect(hex(encode(1n))).toBe("d3 00 00 00 00 00 00 00 01")
    expect(hex(encode(2n ** 64n - 1n))).toBe("cf ff ff ff ff ff ff ff ff")
    expect(Result.isFailure(Codec.encode(codec, 2n ** 64n))).toBe(true)
  })

  it("is a plain Uint8Array that the next value does not change", () => {
    const first = encode({ n: 1 })
    const before = hex(first)
    for (let n = 0; n < 2000; n++) encode({ n, filling: "x".repeat(100) })
    expect(hex(first)).toBe(before)
    expect(Object.getPrototypeOf(first)).toBe(Uint8Array.prototype)
  })

  it("goes on after a value that it refused", () => {
    expect(() => encode([1, Symbol("s")])).toThrow()
    expect(roundTrip([1, 2])).toEqual([1, 2])
  })
})

describe("what it reads", () => {
  it("has 64 bits as a number where none is lost, else as a bigint", () => {
    expect(roundTrip(5n)).toBe(5)
    expect(roundTrip(2n ** 53n)).toBe(2 ** 53)
    expect(roundTrip(2n ** 53n + 1n)).toBe(2n ** 53n + 1n)
    expect(roundTrip(-(2n ** 53n) - 1n)).toBe(-(2n ** 53n) - 1n)
  })

  it("has them as it is told to", () => {
    expect(Msgpack.make({ int64: "bigint" }).decode(encode(5n))).toBe(5n)
    expect(Msgpack.make({ int64: "number" }).decode(encode(2n ** 60n))).toBe(2 ** 60)
  })

  it("has bytes of their own, in a plain Uint8Array", () => {
    const frame = encode({ bytes: Uint8Array.of(1, 2, 3) })
    const { bytes } = codec.decode(frame) as { readonly bytes: Uint8Array }
    bytes[0] = 9
    expect(codec.decode(frame)).toEqual({ bytes: Uint8Array.of(1, 2, 3) })
    expect(bytes.buffer.byteLength).toBe(3)
    expect(Object.getPrototypeOf(bytes)).toBe(Uint8Array.prototype)
  })

  it("notes nothing on the frame", () => {
    const frame = encode([1])
    codec.decode(frame)
    expect(Object.getOwnPropertyNames(frame)).toEqual(["0", "1"])
  })

  it("has other typed arrays as bytes, and sets as arrays", () => {
    expect(roundTrip(Uint16Array.of(1))).toEqual(Uint8Array.of(1, 0))
    expect(roundTrip(new Set([1, 2]))).toEqual([1, 2])
  })

  it("keeps no record that a peer defined for the next frame", () => {
    const records = new Packr({ useRecords: true })
    const first = records.pack({ a: 1 })
    expect(codec.decode(first)).toEqual({ a: 1 })
    // The token of that record, which is a plain number without it.
    expect(codec.decode(Uint8Array.of(0x40))).toBe(0x40)
  })

  it.each([
    ["text", "text"],
    ["nothing", new Uint8Array()],
    ["a value that does not end", encode("abcdef").slice(0, 3)],
    ["an array that is longer than the frame", Uint8Array.of(0xdd, 0xff, 0xff, 0xff, 0xff)],
    ["two values", Uint8Array.of(1, 2)],
    ["an unknown extension", Uint8Array.of(0xd4, 0x55, 0)]
  ])("refuses %s", (_, message) => {
    expect(isRefused(message)).toBe(true)
    expect(roundTrip("afterwards")).toBe("afterwards")
  })

  it("tells nothing of the frame where it is redacted, though msgpackr quotes it", () => {
    const frame = Uint8Array.from([...encode({ token: "hunter2" }), 1])
    const error = (codec: Codec.Codec) => Result.getOrThrow(Result.flip(Codec.decode(codec, frame))).message
    expect(error(codec)).toContain("hunter2")
    expect(error(Codec.redacted(codec))).toBe("msgpack cannot decode the frame: Error (it begins with <redacted>)")
  })
})
