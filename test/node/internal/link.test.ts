import { assert, describe, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Headers from "effect/http/Headers"
import { EventEmitter } from "node:events"
import type { Socket } from "node:net"
import { PassThrough } from "node:stream"
import type WebSocket from "ws"
import { fromCloseFrame, type Reason } from "../../../src/ConnectionError.ts"
import { makeLink } from "../../../src/node/internal/link.ts"

class Ws extends EventEmitter {
  readonly _receiver: EventEmitter | undefined
  readonly extensions = ""
  readyState = 1
  bufferedAmount = 0
  constructor(receiver: EventEmitter | undefined) {
    super()
    this._receiver = receiver
  }
  terminate() {
    this.readyState = 2
  }
}

const make = Effect.fnUntraced(function*(receiver: EventEmitter | undefined, socket: PassThrough = new PassThrough()) {
  const ws = new Ws(receiver)
  const link = makeLink({
    ws: ws as unknown as WebSocket,
    socket: socket as unknown as Socket,
    endpoint: "ws://host/",
    attempt: 1,
    subprotocol: undefined,
    response: { status: 101, headers: Headers.empty },
    clock: yield* Clock.clockWith(Effect.succeed),
    config: { noDelay: true, keepAlive: 1000 }
  })
  const told: Array<Reason> = []
  link.receive({ onMessage: () => {}, onEnd: (error) => told.push(error.reason) })
  return { ws, socket, link, told }
})

describe("a link over a ws of another make", () => {
  it.effect("works on a socket that is any Duplex, and learns of a Close from the close event", () =>
    Effect.gen(function*() {
      const { link, told, ws } = yield* make(undefined)
      ws.emit("close", 4000, Buffer.from("why"))
      assert.deepStrictEqual(told, [fromCloseFrame({ code: 4000, closeReason: "why" })])
      yield* link.released
    }))
})

describe("the socket of a link", () => {
  it.effect("gets its TCP options", () =>
    Effect.gen(function*() {
      const calls: Array<unknown> = []
      const tcp = Object.assign(new PassThrough(), {
        setNoDelay: (on: boolean) => calls.push(["noDelay", on]),
        setKeepAlive: (on: boolean, delay: number) => calls.push(["keepAlive", on, delay])
      })
      yield* make(new EventEmitter(), tcp)
      assert.deepStrictEqual(calls, [["noDelay", true], ["keepAlive", true, 1000]])
    }))
})

describe("the end of a link", () => {
  it.effect("is told once, when the Close arrives, whatever follows", () =>
    Effect.gen(function*() {
      const receiver = new EventEmitter()
      const { told, ws } = yield* make(receiver)
      receiver.emit("conclude", 1001, Buffer.from(""))
      assert.strictEqual(told.length, 1)
      ws.emit("error", new Error("late"))
      ws.emit("close", 1006, Buffer.alloc(0))
      assert.deepStrictEqual(told, [fromCloseFrame({ code: 1001 })])
    }))

  it.effect("merges an error with the close that follows it, keeping the cause as plain data", () =>
    Effect.gen(function*() {
      const { told, ws } = yield* make(new EventEmitter())
      ws.emit("error", Object.assign(new Error("no space"), { code: "ENOSPC" }))
      assert.deepStrictEqual(told, [])
      ws.emit("close", 1006, Buffer.alloc(0))
      assert.strictEqual(told.length, 1)
      assert.deepInclude(told[0], { _tag: "AbnormalClosure", code: 1006 })
      assert.deepStrictEqual(Reflect.get(told[0]!, "cause"), { code: "ENOSPC", message: "no space" })
    }))

  it.effect("names the code that went out for what the peer did wrong", () =>
    Effect.gen(function*() {
      const { told, ws } = yield* make(new EventEmitter())
      ws.emit("error", Object.assign(new Error("too big"), { code: "WS_ERR_UNSUPPORTED_MESSAGE_LENGTH" }))
      ws.emit("close", 1006, Buffer.alloc(0))
      assert.deepStrictEqual(told, [fromCloseFrame({ code: 1009, closeReason: "too big", initiator: "self" })])
    }))
})
