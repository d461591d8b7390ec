import { assert, describe, it } from "@effect/vitest"
import * as frames from "../../../src/outbox/internal/fileFrames.ts"

const payloadOf = (bytes: Uint8Array): Uint8Array => bytes.subarray(frames.headerBytes)

describe("frames", () => {
  it("carry what stands at the beginning of a file", () => {
    const bytes = frames.headFrame({ id: "abc", next: 7 })
    assert.strictEqual(frames.readHeader(bytes.subarray(0, frames.headerBytes))?.kind, "head")
    assert.deepStrictEqual(frames.readHead(payloadOf(bytes)), { id: "abc", next: 7 })
  })

  it("carry messages with their numbers, and say where each lies", () => {
    const entries = [{ sequence: 3, payload: "\"ü😀\"" }, { sequence: 2 ** 40, payload: "" }]
    const { bytes, placed } = frames.messagesFrame(entries)
    assert.deepStrictEqual(
      placed.map(({ length, offset, sequence }) => ({
        sequence,
        payload: new TextDecoder().decode(bytes.subarray(offset, offset + length))
      })),
      entries
    )
    const read = frames.readMessages(payloadOf(bytes))
    assert.deepStrictEqual(
      read.map((one) => ({ ...one, offset: one.offset + frames.headerBytes })),
      placed
    )
  })

  it("carry acknowledgements", () => {
    assert.deepStrictEqual(frames.readAcks(payloadOf(frames.acksFrame([5, 1, 2 ** 40]))), [5, 1, 2 ** 40])
  })

  it("have a header in which no bit may be wrong", () => {
    const header = frames.acksFrame([1]).subarray(0, frames.headerBytes)
    for (let bit = 0; bit < header.length * 8; bit++) {
      const flipped = header.slice()
      flipped[bit >> 3]! ^= 1 << (bit & 7)
      assert.isUndefined(frames.readHeader(flipped), `bit ${bit}`)
    }
  })
})
