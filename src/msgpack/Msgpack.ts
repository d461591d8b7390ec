/**
 * A codec for MessagePack, one value in a binary frame, on the package
 * `msgpackr`, which is an optional peer dependency.
 */
import { type Options as MsgpackrOptions, Packr } from "msgpackr"
import type { Codec } from "../Codec.ts"

/** How values are written and read. */
export interface Options {
  /**
   * What an integer of 64 bits becomes: `"auto"` a number where it is at most 2^53, so that none loses a digit, else a
   * bigint; `"bigint"` always a bigint; `"number"` always a number, which may lose digits. Default `"auto"`.
   */
  readonly int64?: "auto" | "bigint" | "number" | undefined
}

/**
 * A codec for MessagePack.
 *
 * **Details**
 *
 * What it writes, any implementation reads: objects and `Map`s as maps, without
 * the records of `msgpackr`; `Date` as the standard's timestamp; `Uint8Array` as
 * bin; a bigint as an integer of 64 bits. As in JSON, fields that are `undefined`
 * are left out, and any other `undefined` is nil.
 *
 * What it reads: maps as objects, timestamps as `Date`, bin as a `Uint8Array`
 * with bytes of its own, which is yours to keep and to change. Text frames are
 * refused, and so is what stands behind the value.
 *
 * **Gotchas**
 *
 * Other typed arrays are written as their bytes and read as a `Uint8Array`; a
 * `Set` is written as an array. A bigint of more than 64 bits cannot be written.
 */
export const make = (options?: Options): Codec => {
  const settings: MsgpackrOptions = {
    useRecords: false,
    mapsAsObjects: true,
    encodeUndefinedAsNil: true,
    // A view of the frame would keep all of it, and lead others to it who hold the frame.
    copyBuffers: true,
    // Two that its types do not know: as JSON, no field that is undefined; and the exact reading of integers.
    ...{ skipValues: [undefined], int64AsType: options?.int64 ?? "auto" } as MsgpackrOptions
  }
  const packr = new Packr(settings)
  return {
    name: "msgpack",
    encode: (value) => plain(packr.pack(value)),
    decode: (message) => {
      if (typeof message === "string") throw new TypeError("expected a binary frame, got text")
      // A view of its own, since `msgpackr` notes something on the array that it reads.
      return packr.unpack(plain(message)) as unknown
    }
  }
}

/** The codec with its defaults. */
export const codec: Codec = make()

const plain = (bytes: Uint8Array): Uint8Array => new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength)
