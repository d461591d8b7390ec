/**
 * How an outbox lies in its file: frames, one after the other, each written at
 * once and each with checksums of its own.
 *
 * ```
 *  0    2         3      4          8               12             16
 * ┌────┬─────────┬──────┬──────────┬───────────────┬──────────────┬─────────┐
 * │"HF"│ version │ kind │ length   │ CRC-32 of the │ CRC-32 of    │ payload │
 * │    │ 1       │      │ of the   │ payload       │ bytes 0–11   │         │
 * │    │         │      │ payload  │               │              │         │
 * └────┴─────────┴──────┴──────────┴───────────────┴──────────────┴─────────┘
 * head      JSON: { id, next }
 * messages  any number of: sequence (float64), length (uint32), UTF-8
 * acks      any number of: sequence (float64)
 * ```
 *
 * Numbers are little-endian. The header has a checksum of its own, so that a
 * damaged length is not taken for a frame that was cut short.
 */
import { crc32 } from "./checksum.ts"
import type { Entry } from "./log.ts"

export const headerBytes = 16
const version = 1
const kinds = ["head", "messages", "acks"] as const

/** What a frame holds. */
export type Kind = (typeof kinds)[number]

export interface Header {
  readonly kind: Kind
  readonly length: number
  readonly checksum: number
}

/** What stands at the beginning of a file, and what remains of messages that are gone. */
export interface Head {
  readonly id: string
  readonly next: number
}

const text = new TextEncoder()
const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)

const frame = (kind: Kind, length: number, write: (payload: Uint8Array) => void): Uint8Array => {
  const bytes = new Uint8Array(headerBytes + length)
  const payload = bytes.subarray(headerBytes)
  write(payload)
  const view = viewOf(bytes)
  bytes.set([0x48, 0x46, version, kinds.indexOf(kind)])
  view.setUint32(4, length, true)
  view.setUint32(8, crc32(payload), true)
  view.setUint32(12, crc32(bytes.subarray(0, 12)), true)
  return bytes
}

export const headFrame = (head: Head): Uint8Array => {
  const json = text.encode(JSON.stringify(head))
  return frame("head", json.length, (payload) => payload.set(json))
}

/** Where a message lies, counted from the beginning of the frame or file it is in. */
export interface Placed {
  readonly sequence: number
  readonly offset: number
  readonly length: number
}

export const messagesFrame = (
  entries: ReadonlyArray<Entry>
): { readonly bytes: Uint8Array; readonly placed: ReadonlyArray<Placed> } => {
  const encoded = entries.map(({ payload }) => text.encode(payload))
  const placed: Array<Placed> = []
  const length = encoded.reduce((sum, message) => sum + 12 + message.length, 0)
  const bytes = frame("messages", length, (payload) => {
    const view = viewOf(payload)
    let at = 0
    encoded.forEach((message, index) => {
      const { sequence } = entries[index]!
      view.setFloat64(at, sequence, true)
      view.setUint32(at + 8, message.length, true)
      payload.set(message, at + 12)
      placed.push({ sequence, offset: headerBytes + at + 12, length: message.length })
      at += 12 + message.length
    })
  })
  return { bytes, placed }
}

export const acksFrame = (sequences: ReadonlyArray<number>): Uint8Array =>
  frame("acks", sequences.length * 8, (payload) => {
    const view = viewOf(payload)
    sequences.forEach((sequence, index) => view.setFloat64(index * 8, sequence, true))
  })

/** The header of a frame; undefined where these 16 bytes are none. */
export const readHeader = (bytes: Uint8Array): Header | undefined => {
  const view = viewOf(bytes)
  const kind = kinds[bytes[3]!]
  if (bytes[0] !== 0x48 || bytes[1] !== 0x46 || bytes[2] !== version || kind === undefined) return undefined
  if (view.getUint32(12, true) !== crc32(bytes.subarray(0, 12))) return undefined
  return { kind, length: view.getUint32(4, true), checksum: view.getUint32(8, true) }
}

/** Where each message of a payload lies, counted from the payload's beginning. */
export const readMessages = (payload: Uint8Array): ReadonlyArray<Placed> => {
  const view = viewOf(payload)
  const placed: Array<Placed> = []
  for (let at = 0; at < payload.length;) {
    const length = view.getUint32(at + 8, true)
    placed.push({ sequence: view.getFloat64(at, true), offset: at + 12, length })
    at += 12 + length
  }
  return placed
}

export const readAcks = (payload: Uint8Array): ReadonlyArray<number> => {
  const view = viewOf(payload)
  return Array.from({ length: payload.length / 8 }, (_, index) => view.getFloat64(index * 8, true))
}

export const readHead = (payload: Uint8Array): Head => JSON.parse(new TextDecoder().decode(payload)) as Head
