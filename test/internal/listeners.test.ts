import { assert, describe, it } from "@effect/vitest"
import { Listeners } from "../../src/internal/listeners.ts"

const make = () => {
  const thrown: Array<unknown> = []
  return { listeners: new Listeners({ onThrown: (defect) => thrown.push(defect) }), thrown }
}

describe("Listeners", () => {
  it("are called in the order in which they came", () => {
    const { listeners } = make()
    const seen: Array<string> = []
    listeners.add((message) => seen.push(`one ${String(message)}`))
    listeners.add((message) => seen.push(`two ${String(message)}`))
    listeners.call("a")
    assert.deepStrictEqual(seen, ["one a", "two a"])
  })

  it("may come and go while they are called: that counts from the next message on", () => {
    const { listeners } = make()
    const seen: Array<string> = []
    const stop = listeners.add((message) => {
      stop()
      listeners.add((message) => seen.push(`late ${String(message)}`))
      seen.push(`first ${String(message)}`)
    })
    listeners.add((message) => seen.push(`second ${String(message)}`))
    listeners.call("a")
    listeners.call("b")
    assert.deepStrictEqual(seen, ["first a", "second a", "second b", "late b"])
  })

  it("keep nothing from each other by throwing", () => {
    const { listeners, thrown } = make()
    const seen: Array<unknown> = []
    listeners.add((message) => {
      throw `no ${String(message)}`
    })
    listeners.add((message) => seen.push(message))
    listeners.call("a")
    assert.deepStrictEqual(seen, ["a"])
    assert.deepStrictEqual(thrown, ["no a"])
  })

  it("the same handler twice is called twice, and each stops for itself", () => {
    const { listeners } = make()
    let calls = 0
    const handler = () => {
      calls++
    }
    const stop = listeners.add(handler)
    listeners.add(handler)
    listeners.call("a")
    assert.strictEqual(calls, 2)
    stop()
    stop()
    assert.strictEqual(listeners.size, 1)
    listeners.call("b")
    assert.strictEqual(calls, 3)
  })
})
