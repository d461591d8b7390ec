import { describe, expect, it } from "vitest"
import { fromHex } from "../../src/cli/hex.ts"

describe("hex", () => {
  it("is bytes, however people write them", () => {
    for (const text of ["48656c", "48 65 6c", "48:65:6C", " 48\t65\n6c "]) {
      expect(fromHex(text)).toEqual(Uint8Array.of(0x48, 0x65, 0x6c))
    }
    expect(fromHex("")).toEqual(new Uint8Array())
  })

  it("is nothing else", () => {
    for (const text of ["xx", "0", "000", "0x00"]) expect(fromHex(text)).toBeUndefined()
  })
})
