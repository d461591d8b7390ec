import { it } from "@effect/vitest"
import { Effect, Fiber, Stream } from "effect"
import { TestClock } from "effect/testing"
import { EventEmitter } from "node:events"
import { describe, expect } from "vitest"
import type { WebSocket } from "ws"
import type { Entry } from "../../../src/cli/recording/Recording.ts"
import { playSession } from "../../../src/cli/replay/playSession.ts"
import { beside, settle } from "../../support/connect.ts"

/** What is done to a client, in words. */
class FakeSocket extends EventEmitter {
  readonly OPEN = 1
  readyState = 1
  readonly bufferedAmount = 0
  readonly told: Array<string> = []
  send(data: string | Uint8Array): void {
    this.told.push(String(data))
  }
  ping(payload: Uint8Array): void {
    this.told.push(`ping ${String(payload)}`)
  }
  close(code?: number, reason?: string): void {
    this.end(`close ${code ?? "-"} ${reason ?? ""}`.trim())
  }
  terminate(): void {
    this.end("terminate")
  }
  private end(what: string): void {
    this.told.push(what)
    this.readyState = 3
    this.emit("close")
  }
}

const text = (at: number, data: string): Entry => ({ at, direction: "received", kind: "text", data })
const sent = (at: number): Entry => ({ at, direction: "sent", kind: "text", data: "question" })

const play = (entries: ReadonlyArray<Entry>, options: { readonly speed?: number; readonly inTurn?: boolean } = {}) =>
  Effect.gen(function*() {
    const socket = new FakeSocket()
    const running = yield* beside(playSession(
      socket as unknown as WebSocket,
      { begunAt: 1000, subprotocol: undefined, entries: Stream.make(entries) },
      { speed: 1, inTurn: false, ...options }
    ))
    yield* settle
    return { running, socket, told: socket.told }
  })

describe("playing a session", () => {
  it.effect("keeps the pace of the recording", () =>
    Effect.gen(function*() {
      const { running, told } = yield* play([text(1000, "a"), sent(1100), text(1500, "b"), text(3000, "c")])
      expect(told).toEqual(["a"])
      yield* TestClock.adjust("499 millis")
      expect(told).toEqual(["a"])
      yield* TestClock.adjust("1 millis")
      expect(told).toEqual(["a", "b"])
      yield* TestClock.adjust("1500 millis")
      expect(told).toEqual(["a", "b", "c", "close 1000"])
      expect(yield* Fiber.join(running)).toEqual({ sent: 3 })
    }))

  it.effect("may be faster, or as fast as can be", () =>
    Effect.gen(function*() {
      const twice = yield* play([text(2000, "a")], { speed: 2 })
      yield* TestClock.adjust("500 millis")
      expect(twice.told).toEqual(["a", "close 1000"])
      const atOnce = yield* play([text(2000, "a"), text(90_000, "b")], { speed: 0 })
      expect(atOnce.told).toEqual(["a", "b", "close 1000"])
    }))

  it.effect("ends as the recording did", () =>
    Effect.gen(function*() {
      const close = (code: number): Entry => ({ at: 1001, direction: "received", kind: "close", code, reason: "bye" })
      const ends = yield* Effect.forEach(
        [close(4001), close(1005), { at: 1001, kind: "lost", reason: "AbnormalClosure" } as const],
        (entry) => Effect.map(play([entry], { speed: 0 }), ({ told }) => told[0])
      )
      expect(ends).toEqual(["close 4001 bye", "close -", "terminate"])
    }))

  it.effect("leaves a client that closed then some time to close now", () =>
    Effect.gen(function*() {
      const close: Entry = { at: 1100, direction: "sent", kind: "close", code: 4000, reason: "" }
      const { told } = yield* play([close])
      yield* TestClock.adjust("1 second")
      expect(told).toEqual([])
      yield* TestClock.adjust("100 millis")
      expect(told).toEqual(["close 4000"])
    }))

  it.effect("sends what else the server sent", () =>
    Effect.gen(function*() {
      const { told } = yield* play([
        { at: 1000, direction: "received", kind: "binary", base64: "AP8=" },
        { at: 1000, direction: "received", kind: "ping", base64: "AQ==" },
        { at: 1000, direction: "received", kind: "pong", base64: "AQ==" }
      ])
      expect(told).toEqual([String(Buffer.from([0, 255])), "ping \u0001", "close 1000"])
    }))

  it.effect("waits for the client's messages where it is told to, and keeps its distance to them", () =>
    Effect.gen(function*() {
      const { socket, told } = yield* play([sent(1100), text(1300, "a"), sent(1400), text(1500, "b")], { inTurn: true })
      yield* TestClock.adjust("10 seconds")
      expect(told).toEqual([])
      socket.emit("message")
      yield* TestClock.adjust("199 millis")
      expect(told).toEqual([])
      yield* TestClock.adjust("1 millis")
      expect(told).toEqual(["a"])
      socket.emit("message")
      yield* TestClock.adjust("100 millis")
      expect(told).toEqual(["a", "b", "close 1000"])
    }))

  it.effect("ends when the client goes", () =>
    Effect.gen(function*() {
      const { running, socket } = yield* play([text(60_000, "late")])
      socket.emit("close")
      yield* settle
      expect(yield* Fiber.join(running)).toEqual({ sent: 0 })
    }))
})
