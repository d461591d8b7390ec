import { assert, describe, it } from "@effect/vitest"
import { Window } from "../../../src/outbox/internal/window.ts"

const of = (...ids: ReadonlyArray<string>): Window => {
  const window = new Window()
  ids.forEach((id, index) => window.add({ sequence: index + 1, id, frame: id, acknowledged: false }))
  return window
}
const numbers = (slots: Iterable<{ readonly sequence: number }>) => Array.from(slots, ({ sequence }) => sequence)

describe("Window", () => {
  it("keeps a place until the message is removed, not only until it is acknowledged", () => {
    const window = of("a", "b")
    window.acknowledge("a")
    assert.strictEqual(window.size, 2)
    window.remove(1)
    assert.strictEqual(window.size, 1)
    window.remove(1)
    assert.strictEqual(window.size, 1)
  })

  it("tells each message once that is acknowledged, by one id, several, or all up to one", () => {
    const window = of("a", "b", "c", "d", "e")
    assert.deepStrictEqual(numbers(window.acknowledge("b")), [2])
    assert.deepStrictEqual(numbers(window.acknowledge(["b", "d", "nobody"])), [4])
    assert.deepStrictEqual(numbers(window.acknowledge({ upTo: "d" })), [1, 3])
    assert.deepStrictEqual(numbers(window.acknowledge({ upTo: "nobody" })), [])
  })

  it("gives what is not acknowledged in order, without what is acknowledged meanwhile", () => {
    const window = of("a", "b", "c", "d")
    window.acknowledge("b")
    const again: Array<number> = []
    for (const { sequence } of window.unacknowledged()) {
      again.push(sequence)
      window.acknowledge("c")
    }
    assert.deepStrictEqual(again, [1, 4])
  })

  it("takes an acknowledgement of an id for all messages that have it", () => {
    const window = of("same", "same", "other")
    assert.deepStrictEqual(numbers(window.acknowledge("same")), [1, 2])
    window.remove(1)
    window.remove(2)
    assert.strictEqual(window.size, 1)
  })
})
