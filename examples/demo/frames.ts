// WebSocket frames as a server writes and reads them (RFC 6455 §5.2).

export const opcode = { text: 1, close: 8, ping: 9, pong: 10 } as const

export interface Frame {
  readonly opcode: number
  readonly payload: Buffer
}

export const encode = (opcode: number, payload: Buffer): Buffer => {
  const { length } = payload
  const header = Buffer.alloc(length < 126 ? 2 : length < 65_536 ? 4 : 10)
  // The first bit says that this frame is the whole message.
  header[0] = 0x80 | opcode
  header[1] = length < 126 ? length : length < 65_536 ? 126 : 127
  if (header.length === 4) header.writeUInt16BE(length, 2)
  if (header.length === 10) header.writeBigUInt64BE(BigInt(length), 2)
  return Buffer.concat([header, payload])
}

export const text = (message: string): Buffer => encode(opcode.text, Buffer.from(message))

export const close = (code: number, reason: string): Buffer => {
  const payload = Buffer.from(`  ${reason}`)
  payload.writeUInt16BE(code)
  return encode(opcode.close, payload)
}

/** Takes chunks, gives whole frames. */
export class FrameReader {
  private rest: Buffer = Buffer.alloc(0)

  read(chunk: Buffer): ReadonlyArray<Frame> {
    this.rest = Buffer.concat([this.rest, chunk])
    const frames: Array<Frame> = []
    for (let frame = this.next(); frame !== undefined; frame = this.next()) frames.push(frame)
    return frames
  }

  private next(): Frame | undefined {
    const bytes = this.rest
    if (bytes.length < 2) return undefined
    const short = bytes.readUInt8(1) & 0x7f
    const maskAt = short === 126 ? 4 : short === 127 ? 10 : 2
    if (bytes.length < maskAt + 4) return undefined
    const length = short === 126 ? bytes.readUInt16BE(2) : short === 127 ? Number(bytes.readBigUInt64BE(2)) : short
    const end = maskAt + 4 + length
    if (bytes.length < end) return undefined
    // What a client sends is always masked (RFC 6455 §5.3).
    const mask = bytes.subarray(maskAt, maskAt + 4)
    const payload = bytes.subarray(maskAt + 4, end).map((byte, index) => byte ^ mask.readUInt8(index & 3))
    this.rest = bytes.subarray(end)
    return { opcode: bytes.readUInt8(0) & 0x0f, payload: Buffer.from(payload) }
  }
}
