import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { fromData, messagesInOrder } from "../../src/internal/webSocketData.ts"
import type { Message } from "../../src/Link.ts"

const collect = () => {
  const calls: Array<Message> = []
  const inbound = messagesInOrder({
    onMessage: (message) => calls.push(message),
    onUnreadable: () => calls.push("unreadable"),
    onEnd: () => calls.push("end")
  })
  return { calls, inbound }
}

describe("fromData", () => {
  it("takes text, and bytes in an ArrayBuffer or a view, as a plain Uint8Array", () => {
    assert.strictEqual(fromData("text"), "text")
    assert.deepStrictEqual(fromData(new Uint8Array([1, 2]).buffer), new Uint8Array([1, 2]))
    const view = fromData(Buffer.from([1, 2, 3]).subarray(1))
    assert.deepStrictEqual(view, new Uint8Array([2, 3]))
    assert.strictEqual(Object.getPrototypeOf(view), Uint8Array.prototype)
    assert.deepStrictEqual(fromData(new DataView(new Uint8Array([4, 5, 6]).buffer, 1)), new Uint8Array([5, 6]))
  })

  it("copies small views, which would keep a whole chunk alive, and not large ones", () => {
    const chunk = new Uint8Array(65_536)
    const small = fromData(chunk.subarray(10, 20)) as Uint8Array
    const large = fromData(chunk.subarray(0, 4096)) as Uint8Array
    assert.strictEqual(small.buffer.byteLength, 10)
    assert.strictEqual(large.buffer, chunk.buffer)
  })

  it("knows nothing else", () => {
    for (const data of [undefined, null, 1, {}, new Blob([])]) assert.isUndefined(fromData(data))
  })
})

describe("messagesInOrder", () => {
  it("hands over at once what needs no reading", () => {
    const { calls, inbound } = collect()
    inbound.push("a")
    inbound.push({})
    inbound.end()
    assert.deepStrictEqual(calls, ["a", "unreadable", "end"])
  })

  it.live("lets everything wait for a Blob, and each Blob for the one before it", () =>
    Effect.gen(function*() {
      const { calls, inbound } = collect()
      const slow = new Blob([])
      let finish = (_bytes: ArrayBuffer) => {}
      slow.arrayBuffer = () =>
        new Promise((resolve) => {
          finish = resolve
        })
      inbound.push(slow)
      inbound.push(new Blob([new Uint8Array([2])]))
      inbound.push("text")
      inbound.end()
      yield* Effect.sleep(0)
      assert.deepStrictEqual(calls, [])
      finish(new Uint8Array([1]).buffer)
      yield* Effect.sleep(0)
      assert.deepStrictEqual(calls, [new Uint8Array([1]), new Uint8Array([2]), "text", "end"])
    }))

  it.live("says so where a Blob cannot be read", () =>
    Effect.gen(function*() {
      const { calls, inbound } = collect()
      const broken = new Blob([])
      broken.arrayBuffer = () => Promise.reject(new Error("NotReadableError"))
      inbound.push(broken)
      inbound.push("after")
      yield* Effect.sleep(0)
      assert.deepStrictEqual(calls, ["unreadable", "after"])
    }))
})
