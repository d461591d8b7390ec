/**
 * Reads a file of frames from its beginning, and tells an end that a crash left
 * unfinished from a file that is damaged.
 *
 * A batch that was not finished was never promised to anybody, and is cut. It is
 * known by what is missing: bytes, since the file ends before the frame does, or
 * whole sectors, which read as zeros where a power failure came between the
 * file's size and its contents. Whatever else is wrong is damage, and so is an
 * unfinished frame with a good one after it: nothing is cut, and the opening fails.
 */
import * as Effect from "effect/Effect"
import { crc32 } from "./checksum.ts"
import { type Header, headerBytes, readHeader } from "./fileFrames.ts"

/** A frame as it was read; the payload begins at `offset` of the file. */
export interface Frame {
  readonly kind: Header["kind"]
  readonly payload: Uint8Array
  readonly offset: number
}

/** Where the good frames end, and whether what comes after was left unfinished or is damaged. */
export interface Scanned {
  readonly end: number
  readonly rest: "nothing" | "unfinished" | "damaged"
}

const chunk = 1024 * 1024
const sector = 512

/** Hands each frame to `use`, in order. `read` gives exactly the bytes asked for, which are always within `size`. */
export const scan = Effect.fnUntraced(function*<E>(
  read: (offset: number, length: number) => Effect.Effect<Uint8Array, E>,
  size: number,
  use: (frame: Frame) => void
): Effect.fn.Return<Scanned, E> {
  let end = 0
  let bytes: Uint8Array = new Uint8Array()
  let begin = 0
  while (end < size) {
    const header = size - end < headerBytes ? undefined : readHeader(yield* at(end, headerBytes))
    if (size - end < headerBytes) return { end, rest: "unfinished" }
    const isWhole = header !== undefined && end + headerBytes + header.length <= size
    if (header !== undefined && !isWhole) return { end, rest: "unfinished" }
    if (header === undefined) return { end, rest: yield* judge(end) }
    const payload = (yield* at(end, headerBytes + header.length)).subarray(headerBytes)
    if (crc32(payload) !== header.checksum) return { end, rest: yield* judge(end) }
    use({ kind: header.kind, payload, offset: end + headerBytes })
    end += headerBytes + header.length
  }
  return { end, rest: "nothing" }

  function at(offset: number, length: number): Effect.Effect<Uint8Array, E> {
    if (offset >= begin && offset + length <= begin + bytes.length) {
      return Effect.succeed(bytes.subarray(offset - begin, offset - begin + length))
    }
    return Effect.map(read(offset, Math.min(Math.max(length, chunk), size - offset)), (more) => {
      bytes = more
      begin = offset
      return bytes.subarray(0, length)
    })
  }

  function judge(offset: number): Effect.Effect<"unfinished" | "damaged", E> {
    return Effect.map(
      read(offset, size - offset),
      (rest) => hasUnwrittenSector(rest, offset) && !hasFrame(rest.subarray(1)) ? "unfinished" : "damaged"
    )
  }
})

/** Whether a sector that these bytes, which begin at `offset` of the file, have a part in is all zeros. */
const hasUnwrittenSector = (bytes: Uint8Array, offset: number): boolean => {
  for (let at = 0; at < bytes.length;) {
    const length = Math.min(sector - (offset + at) % sector, bytes.length - at)
    // A few zeros are found in any header.
    if (length >= headerBytes && bytes.subarray(at, at + length).every((byte) => byte === 0)) return true
    at += length
  }
  return false
}

/** Whether a whole and sound frame begins anywhere in these bytes. */
const hasFrame = (bytes: Uint8Array): boolean => {
  for (let at = bytes.indexOf(0x48); at >= 0 && at + headerBytes <= bytes.length; at = bytes.indexOf(0x48, at + 1)) {
    const header = readHeader(bytes.subarray(at, at + headerBytes))
    if (header === undefined || at + headerBytes + header.length > bytes.length) continue
    const payload = bytes.subarray(at + headerBytes, at + headerBytes + header.length)
    if (crc32(payload) === header.checksum) return true
  }
  return false
}
