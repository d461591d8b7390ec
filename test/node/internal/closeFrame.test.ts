import { assert, describe, it } from "@effect/vitest"
import { EventEmitter } from "node:events"
import type WebSocket from "ws"
import { onCloseFrame } from "../../../src/node/internal/closeFrame.ts"

describe("onCloseFrame", () => {
  it("tells the code and the reason", () => {
    const receiver = new EventEmitter()
    const told: Array<unknown> = []
    onCloseFrame({ _receiver: receiver } as unknown as WebSocket, (code, reason) => told.push([code, reason]))
    receiver.emit("conclude", 4000, Buffer.from("why"))
    assert.deepStrictEqual(told, [[4000, "why"]])
  })

  it("tells a reason that is no UTF-8 before ws answers the frame", () => {
    const receiver = new EventEmitter()
    const told: Array<unknown> = []
    receiver.on("conclude", () => told.push("answered"))
    onCloseFrame({ _receiver: receiver } as unknown as WebSocket, (code, reason) => told.push([code, reason]))
    receiver.emit("conclude", 4000, Buffer.from([0xc3, 0x28]))
    assert.deepStrictEqual(told, [[4000, undefined], "answered"])
  })

  it("does nothing with a ws that has no such receiver", () => {
    for (const ws of [{}, { _receiver: null }, { _receiver: {} }]) {
      onCloseFrame(ws as unknown as WebSocket, () => assert.fail("nobody can tell"))
    }
  })
})
