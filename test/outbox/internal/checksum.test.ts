import { assert, describe, it } from "@effect/vitest"
import { crc32 as reference } from "node:zlib"
import { crc32 } from "../../../src/outbox/internal/checksum.ts"

describe("crc32", () => {
  it("has the check value of the standard", () => {
    assert.strictEqual(crc32(new TextEncoder().encode("123456789")), 0xcbf43926)
  })

  it("agrees with zlib's", () => {
    for (const length of [0, 1, 16, 255, 4096]) {
      const bytes = Uint8Array.from({ length }, (_, index) => (index * 131 + length) & 0xff)
      assert.strictEqual(crc32(bytes), reference(bytes))
    }
  })
})
