import { describe, expect, it } from "vitest"
import * as frames from "../../../src/cli/chaos/frames.ts"

const mask = Buffer.from([1, 2, 3, 4])

describe("frames", () => {
  it.each([0, 1, 125, 126, 65_535, 65_536])("of %i bytes are read as they were written, by either side", (length) => {
    const payload = Buffer.alloc(length, "payload")
    for (const options of [{}, { mask }, { fin: false }, { rsv: 4 }]) {
      const [frame, ...rest] = new frames.FrameReader().read(frames.encode(frames.opcode.binary, payload, options))
      expect(rest).toEqual([])
      expect(frame?.payload.equals(payload)).toBe(true)
      expect(frame).toMatchObject({
        opcode: 2,
        fin: !("fin" in options),
        rsv: "rsv" in options ? 4 : 0,
        masked: "mask" in options
      })
    }
  })

  it("are found whatever the chunks are", () => {
    const bytes = Buffer.concat([frames.text("one"), frames.encode(frames.opcode.ping, Buffer.from("two"), { mask })])
    const reader = new frames.FrameReader()
    const found = Array.from(bytes, (byte) => reader.read(Buffer.from([byte]))).flat()
    expect(found.map(({ payload }) => String(payload))).toEqual(["one", "two"])
  })

  it("tell how the peer closes; 1005 stands for no code", () => {
    expect(frames.readClose(frames.closeBody(4000, "why"))).toEqual({ code: 4000, reason: "why" })
    expect(frames.readClose(Buffer.alloc(0))).toEqual({ code: 1005, reason: "" })
  })
})
