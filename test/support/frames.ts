// WebSocket frames as a server writes and reads them, legal or not (RFC 6455 §5).
import { randomBytes } from "node:crypto"

export const opcode = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const

export interface Frame {
  readonly opcode: number
  readonly payload: Buffer
  readonly fin: boolean
  readonly rsv: number
  readonly masked: boolean
}

export interface FrameOptions {
  readonly opcode: number
  readonly payload?: string | Uint8Array | undefined
  readonly fin?: boolean | undefined
  /** The three reserved bits: 4 is RSV1. */
  readonly rsv?: number | undefined
  readonly mask?: boolean | undefined
  /** What the header says, where it is not the payload's length. */
  readonly length?: number | undefined
}

export const encode = (options: FrameOptions): Buffer => {
  const payload = Buffer.from(options.payload ?? "")
  const length = options.length ?? payload.length
  const first = (options.fin === false ? 0 : 0x80) | ((options.rsv ?? 0) << 4) | options.opcode
  const mask = options.mask === true ? 0x80 : 0
  const header = length < 126
    ? Buffer.from([first, mask | length])
    : length < 65_536
    ? Buffer.from([first, mask | 126, length >> 8, length & 0xff])
    : Buffer.concat([Buffer.from([first, mask | 127]), eightBytes(length)])
  if (mask === 0) return Buffer.concat([header, payload])
  const key = randomBytes(4)
  return Buffer.concat([header, key, payload.map((byte, index) => byte ^ key[index & 3]!)])
}

const eightBytes = (length: number): Buffer => {
  const bytes = Buffer.alloc(8)
  bytes.writeBigUInt64BE(BigInt(length))
  return bytes
}

export const text = (payload: string): Buffer => encode({ opcode: opcode.text, payload })

/** 1005 stands for a Close frame without a code. */
export const close = (code: number, reason: string | Uint8Array = ""): Buffer =>
  encode({ opcode: opcode.close, payload: code === 1005 ? "" : closeBody(code, reason) })

export const closeBody = (code: number, reason: string | Uint8Array = ""): Buffer =>
  Buffer.concat([Buffer.from([code >> 8, code & 0xff]), Buffer.from(reason)])

export const readClose = (payload: Buffer): { readonly code: number; readonly reason: string } =>
  payload.length < 2
    ? { code: 1005, reason: "" }
    : { code: payload.readUInt16BE(0), reason: payload.toString("utf8", 2) }

/** Takes chunks, gives whole frames, unmasked. */
export class FrameReader {
  private rest: Buffer = Buffer.alloc(0)

  read(chunk: Buffer): ReadonlyArray<Frame> {
    this.rest = this.rest.length === 0 ? chunk : Buffer.concat([this.rest, chunk])
    const frames: Array<Frame> = []
    for (let frame = this.next(); frame !== undefined; frame = this.next()) frames.push(frame)
    return frames
  }

  private next(): Frame | undefined {
    const bytes = this.rest
    if (bytes.length < 2) return undefined
    const masked = (bytes[1]! & 0x80) !== 0
    const short = bytes[1]! & 0x7f
    const lengthBytes = short === 126 ? 2 : short === 127 ? 8 : 0
    const start = 2 + lengthBytes + (masked ? 4 : 0)
    if (bytes.length < start) return undefined
    const length = short === 126 ? bytes.readUInt16BE(2) : short === 127 ? Number(bytes.readBigUInt64BE(2)) : short
    if (bytes.length < start + length) return undefined
    const payload = Buffer.from(bytes.subarray(start, start + length))
    if (masked) {
      const key = bytes.subarray(start - 4, start)
      for (let i = 0; i < length; i++) payload[i]! ^= key[i & 3]!
    }
    this.rest = bytes.subarray(start + length)
    return { opcode: bytes[0]! & 0x0f, fin: (bytes[0]! & 0x80) !== 0, rsv: (bytes[0]! >> 4) & 7, masked, payload }
  }
}
