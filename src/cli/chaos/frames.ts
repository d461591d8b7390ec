/**
 * WebSocket frames, legal or not, as both sides write and read them (RFC 6455
 * §5.2). No library would agree to write most of what chaos sends.
 */

export const opcode = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const

export interface Frame {
  readonly opcode: number
  readonly payload: Buffer
  /** Whether it is the last one of its message. */
  readonly fin: boolean
  /** The three reserved bits: 4 is RSV1. */
  readonly rsv: number
  readonly masked: boolean
}

export interface FrameOptions {
  /** Default true. */
  readonly fin?: boolean | undefined
  readonly rsv?: number | undefined
  /** The masking key, four bytes, for a client; default none. */
  readonly mask?: Uint8Array | undefined
  /** What the header says, where it is not the payload's length. */
  readonly length?: number | undefined
}

export const encode = (opcode: number, payload: Uint8Array, options: FrameOptions = {}): Buffer => {
  const { mask } = options
  const length = options.length ?? payload.length
  const header = Buffer.alloc(length < 126 ? 2 : length < 65_536 ? 4 : 10)
  header[0] = (options.fin === false ? 0 : 0x80) | ((options.rsv ?? 0) << 4) | opcode
  header[1] = (mask === undefined ? 0 : 0x80) | (length < 126 ? length : length < 65_536 ? 126 : 127)
  if (header.length === 4) header.writeUInt16BE(length, 2)
  if (header.length === 10) header.writeBigUInt64BE(BigInt(length), 2)
  return mask === undefined
    ? Buffer.concat([header, payload])
    : Buffer.concat([header, mask, applyMask(Buffer.from(payload), mask)])
}

/** In place; the same again takes it off. */
const applyMask = (payload: Buffer, mask: Uint8Array): Buffer => {
  for (let index = 0; index < payload.length; index++) payload[index]! ^= mask[index & 3]!
  return payload
}

export const text = (message: string): Buffer => encode(opcode.text, Buffer.from(message))

/** The body of a Close frame. */
export const closeBody = (code: number, reason: string): Buffer => {
  const payload = Buffer.from(`  ${reason}`)
  payload.writeUInt16BE(code)
  return payload
}

export const close = (code: number, reason: string): Buffer => encode(opcode.close, closeBody(code, reason))

/** 1005 stands for a Close frame without a code (RFC 6455 §7.1.5). */
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
    const first = bytes.readUInt8(0)
    const second = bytes.readUInt8(1)
    const short = second & 0x7f
    const maskAt = short === 126 ? 4 : short === 127 ? 10 : 2
    const masked = (second & 0x80) !== 0
    const start = maskAt + (masked ? 4 : 0)
    if (bytes.length < start) return undefined
    const length = short === 126 ? bytes.readUInt16BE(2) : short === 127 ? Number(bytes.readBigUInt64BE(2)) : short
    const end = start + length
    if (bytes.length < end) return undefined
    const payload = Buffer.from(bytes.subarray(start, end))
    if (masked) applyMask(payload, bytes.subarray(maskAt, start))
    this.rest = bytes.subarray(end)
    return { opcode: first & 0x0f, payload, fin: (first & 0x80) !== 0, rsv: (first >> 4) & 7, masked }
  }
}
