import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import type { Socket } from "node:net"
import { Writable } from "node:stream"
import WebSocket from "ws"
import { Outbound } from "../../../src/node/internal/outbound.ts"

/** A socket that takes a write only when it is told to. */
class Stream extends Writable {
  readonly writes: Array<string> = []
  private held: Array<() => void> = []
  hold = false

  constructor() {
    super({ decodeStrings: false, highWaterMark: 16 })
  }
  private take(bytes: string, done: () => void): void {
    this.writes.push(bytes)
    if (this.hold) this.held.push(done)
    else done()
  }
  override _write(chunk: Buffer | string, _encoding: BufferEncoding, done: () => void): void {
    this.take(chunk.toString(), done)
  }
  override _writev(chunks: ReadonlyArray<{ readonly chunk: Buffer | string }>, done: () => void): void {
    this.take(chunks.map(({ chunk }) => chunk.toString()).join(""), done)
  }
  /** Takes what it was given so far, and no more. */
  step(): void {
    for (const done of this.held.splice(0)) done()
  }
  release(): void {
    this.hold = false
    for (const done of this.held.splice(0)) done()
  }
}

const make = (extensions = "") => {
  const socket = new Stream()
  let queued: Array<() => void> = []
  const ws = {
    readyState: WebSocket.OPEN as number,
    extensions,
    get bufferedAmount() {
      return socket.writableLength + queued.length
    },
    send(data: string | Buffer, options?: unknown) {
      if (extensions === "") socket.write(data)
      else queued.push(() => socket.write(data, options as () => void))
    },
    ping(_payload: Uint8Array, _mask: boolean, done: (error?: Error) => void) {
      socket.write("ping", () => done())
    },
    close() {
      throw new TypeError("no such code")
    },
    terminate() {}
  }
  const deflated = () => {
    const waiting = queued
    queued = []
    for (const write of waiting) write()
  }
  return { socket, ws, deflated, outbound: new Outbound(ws as unknown as WebSocket, socket as unknown as Socket) }
}

const tick = Effect.callback<void>((resume) => void setImmediate(() => resume(Effect.void)))

describe("Outbound", () => {
  it.live("sends the first frame of a tick at once, and the others together", () =>
    Effect.gen(function*() {
      const { outbound, socket } = make()
      for (const text of ["a", "b", "c"]) assert.isTrue(outbound.send(text))
      assert.deepStrictEqual(socket.writes, ["a"])
      yield* tick
      assert.deepStrictEqual(socket.writes, ["a", "bc"])
      outbound.send("d")
      assert.deepStrictEqual(socket.writes, ["a", "bc", "d"])
      yield* tick
    }))

  it.live("hands on every 64 KiB within a tick", () =>
    Effect.gen(function*() {
      const { outbound, socket } = make()
      for (let i = 0; i < 11; i++) outbound.send("x".repeat(30_000))
      assert.isAbove(socket.writes.length, 2)
      for (const write of socket.writes) assert.isAtMost(write.length, 3 * 30_000)
      yield* tick
      assert.strictEqual(socket.writes.join("").length, 11 * 30_000)
    }))

  it.live("takes nothing where ws is not open", () =>
    Effect.gen(function*() {
      const { outbound, socket, ws } = make()
      for (const state of [WebSocket.CONNECTING, WebSocket.CLOSING, WebSocket.CLOSED]) {
        ws.readyState = state
        assert.isFalse(outbound.send("a"))
        outbound.ping(new Uint8Array(1), () => assert.fail("no ping was sent"))
      }
      yield* tick
      assert.deepStrictEqual(socket.writes, [])
    }))

  it.live("sends what is corked before a ping, and before it waits", () =>
    Effect.gen(function*() {
      const { outbound, socket } = make()
      outbound.send("a")
      outbound.send("b")
      outbound.ping(new Uint8Array(1), () => {})
      assert.strictEqual(socket.writes.join(""), "abping")
      outbound.send("c")
      socket.hold = true
      const cancel = outbound.whenBelow(0, () => {})
      assert.strictEqual(socket.writes.join(""), "abpingc")
      cancel()
      socket.release()
      yield* tick
    }))

  it.live("calls back when what is buffered is at or below the mark, below the stream's own too", () =>
    Effect.gen(function*() {
      const { outbound, socket } = make()
      socket.hold = true
      outbound.send("12345")
      let called = 0
      outbound.whenBelow(0, () => called++)
      outbound.whenBelow(3, () => called++)
      yield* tick
      assert.strictEqual(called, 0)
      socket.release()
      yield* tick
      assert.strictEqual(called, 2)
      assert.strictEqual(outbound.buffered(), 0)
    }))

  it.live("calls back when what was sent before has left, though something is always on its way", () =>
    Effect.gen(function*() {
      const { outbound, socket } = make()
      socket.hold = true
      const called: Array<string> = []
      outbound.send("1")
      outbound.whenFlushed(() => called.push("1"))
      outbound.send("2")
      outbound.whenFlushed(() => called.push("2"))
      outbound.whenBelow(0, () => called.push("nothing is left"))
      for (let steps = 0; steps < 6; steps++) {
        socket.step()
        outbound.send("more")
        yield* tick
      }
      assert.deepStrictEqual(called, ["1", "2"])
      socket.release()
      yield* tick
      assert.deepStrictEqual(called, ["1", "2", "nothing is left"])
    }))

  it.live("calls nobody back who gave up, and queues one barrier however often they do", () =>
    Effect.gen(function*() {
      const { outbound, socket } = make()
      socket.hold = true
      outbound.send("12345")
      for (let i = 0; i < 100; i++) outbound.whenBelow(0, () => assert.fail("it gave up"))()
      socket.release()
      yield* tick
      assert.isAtMost(socket.writes.length, 2)
    }))

  it.live("waits for what is still being compressed", () =>
    Effect.gen(function*() {
      const { deflated, outbound } = make("permessage-deflate")
      outbound.send("a")
      outbound.send("b")
      let called = false
      outbound.whenBelow(0, () => {
        called = true
      })
      yield* tick
      assert.isFalse(called)
      deflated()
      yield* tick
      assert.isTrue(called)
    }))

  it.live("calls back when what was sent before is compressed and has left, though more is on its way", () =>
    Effect.gen(function*() {
      const { deflated, outbound } = make("permessage-deflate")
      outbound.send("a")
      let called = false
      outbound.whenFlushed(() => {
        called = true
      })
      yield* tick
      assert.isFalse(called)
      outbound.send("b")
      deflated()
      outbound.send("c")
      yield* tick
      assert.isTrue(called)
      assert.isAbove(outbound.buffered(), 0)
    }))

  it.live("keeps what had not left when the socket was destroyed", () =>
    Effect.gen(function*() {
      const { outbound, socket } = make()
      socket.on("error", () => {})
      socket.hold = true
      outbound.send("12345")
      yield* tick
      socket.destroy(new Error("reset"))
      yield* tick
      assert.strictEqual(outbound.buffered(), 5)
    }))

  it("terminates where ws refuses to close", () => {
    const { outbound, socket } = make()
    outbound.close(1015, "")
    assert.isTrue(socket.destroyed)
  })
})
