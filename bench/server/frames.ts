// Frames as a server writes and reads them (RFC 6455 §5), with no more checks than a bench needs.

export const opcode = { text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const

/** A whole, unmasked frame. */
export const frame = (code: number, payload: string | Uint8Array): Buffer => {
  const bytes = typeof payload === "string" ? Buffer.from(payload) : payload
  const length = bytes.length
  const header = length < 126 ? 2 : length < 65_536 ? 4 : 10
  const whole = Buffer.allocUnsafe(header + length)
  whole[0] = 0x80 | code
  if (header === 2) {
    whole[1] = length
  } else if (header === 4) {
    whole[1] = 126
    whole.writeUInt16BE(length, 2)
  } else {
    whole[1] = 127
    whole.writeBigUInt64BE(BigInt(length), 2)
  }
  whole.set(bytes, header)
  return whole
}

export const closeFrame = (code: number): Buffer => frame(opcode.close, Uint8Array.of(code >> 8, code & 0xff))

/** Is told where a masked frame lies within a chunk: its payload begins at `start`, its mask four bytes before. */
export type OnFrame = (code: number, chunk: Buffer, start: number, length: number) => void

/** Finds the client's frames in the chunks of a TCP stream. */
export class FrameReader {
  private readonly onFrame: OnFrame
  private rest: Buffer | undefined = undefined

  constructor(onFrame: OnFrame) {
    this.onFrame = onFrame
  }

  read(received: Buffer): void {
    const chunk = this.rest === undefined ? received : Buffer.concat([this.rest, received])
    let at = 0
    while (at + 6 <= chunk.length) {
      const short = chunk[at + 1]! & 0x7f
      const header = short < 126 ? 6 : short === 126 ? 8 : 14
      if (at + header > chunk.length) break
      const length = short < 126
        ? short
        : short === 126
        ? chunk.readUInt16BE(at + 2)
        : Number(chunk.readBigUInt64BE(at + 2))
      const start = at + header
      if (start + length > chunk.length) break
      this.onFrame(chunk[at]! & 0x0f, chunk, start, length)
      at = start + length
    }
    this.rest = at === chunk.length ? undefined : chunk.subarray(at)
  }
}

/** A copy of a frame's payload without its mask. */
export const unmasked = (chunk: Buffer, start: number, length: number): Buffer => {
  const payload = Buffer.allocUnsafe(length)
  for (let i = 0; i < length; i++) payload[i] = chunk[start + i]! ^ chunk[start - 4 + (i & 3)]!
  return payload
}
