import { assert, describe, it } from "@effect/vitest"
import { InFlight } from "../../src/internal/inFlight.ts"

const ofSizes = (framing: number, ...sizes: ReadonlyArray<number>): InFlight => {
  const inFlight = new InFlight()
  let held = 0
  for (const size of sizes) inFlight.add(size, held, held += size + framing)
  return inFlight
}

describe("InFlight", () => {
  for (const framing of [0, 6]) {
    it(`counts the newest, which are the last to leave, where a link counts ${framing} bytes of framing`, () => {
      const inFlight = ofSizes(framing, 10, 20, 30)
      assert.deepStrictEqual(inFlight.unflushed(60 + 3 * framing), { messages: 3, bytes: 60 })
      assert.deepStrictEqual(inFlight.unflushed(50 + 2 * framing), { messages: 2, bytes: 50 })
      assert.deepStrictEqual(inFlight.unflushed(30 + framing), { messages: 1, bytes: 30 })
      assert.deepStrictEqual(inFlight.unflushed(0), { messages: 0, bytes: 0 })
    })
  }

  it("counts a message whole of which a part has left", () => {
    assert.deepStrictEqual(ofSizes(0, 10, 20, 30).unflushed(31), { messages: 2, bytes: 50 })
  })

  it("counts no message that went straight out", () => {
    const inFlight = new InFlight()
    inFlight.add(10, 0, 0)
    inFlight.add(20, 0, 20)
    inFlight.add(30, 20, 5)
    assert.deepStrictEqual(inFlight.unflushed(20), { messages: 1, bytes: 20 })
  })

  it("begins anew with a link that had become empty", () => {
    const inFlight = ofSizes(0, 10, 20)
    inFlight.add(5, 0, 5)
    // More than it ever counted, since nothing more is known.
    assert.deepStrictEqual(inFlight.unflushed(100), { messages: 1, bytes: 5 })
  })

  it("costs no more for every message where a link is never quite empty", () => {
    const inFlight = new InFlight()
    inFlight.add(1, 0, 7)
    for (let i = 0; i < 20_000; i++) inFlight.add(1, 7, 14)
    assert.isAtMost((inFlight as unknown as { sizes: ReadonlyArray<number> }).sizes.length, 1025)
    assert.deepStrictEqual(inFlight.unflushed(7), { messages: 1, bytes: 1 })
  })

  it("forgets none that are still there, however many", () => {
    assert.deepStrictEqual(ofSizes(0, ...Array.from({ length: 5000 }, () => 1)).unflushed(5000), {
      messages: 5000,
      bytes: 5000
    })
  })
})
