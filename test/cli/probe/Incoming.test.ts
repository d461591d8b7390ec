import { it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { EventEmitter } from "node:events"
import type { Socket } from "node:net"
import { describe, expect } from "vitest"
import { Incoming } from "../../../src/cli/probe/Incoming.ts"

const make = () => {
  const emitter = new EventEmitter()
  return { emitter, incoming: new Incoming(emitter as unknown as Socket) }
}

describe("what comes out of a socket", () => {
  it.effect("is kept until somebody takes it", () =>
    Effect.gen(function*() {
      const { emitter, incoming } = make()
      const waiting = yield* Effect.forkChild(
        incoming.when(() => incoming.bytes.length >= 4 ? incoming.bytes.toString() : undefined),
        { startImmediately: true }
      )
      emitter.emit("data", Buffer.from("ab"))
      emitter.emit("data", Buffer.from("cd"))
      expect(yield* Fiber.join(waiting)).toBe("abcd")
      const taken: Array<string> = []
      incoming.consume((chunk) => taken.push(chunk.toString()))
      emitter.emit("data", Buffer.from("ef"))
      expect(taken).toEqual(["abcd", "ef"])
      expect(incoming.bytes.length).toBe(0)
    }))

  it("remembers the first error, and that it is over", () => {
    const { emitter, incoming } = make()
    expect(incoming.over).toBe(false)
    emitter.emit("error", new Error("first"))
    emitter.emit("error", new Error("second"))
    emitter.emit("close")
    expect(incoming).toMatchObject({ over: true, closed: true, ended: false, error: new Error("first") })
  })

  it("is over when the peer has ended", () => {
    const { emitter, incoming } = make()
    emitter.emit("end")
    expect(incoming).toMatchObject({ over: true, ended: true })
  })

  it.effect("wakes who waits for what others changed", () =>
    Effect.gen(function*() {
      const { incoming } = make()
      const state: { changed?: true } = {}
      const waiting = yield* Effect.forkChild(incoming.when(() => state.changed), { startImmediately: true })
      state.changed = true
      incoming.notify()
      expect(yield* Fiber.join(waiting)).toBe(true)
    }))
})
