import { it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Scope from "effect/Scope"
import { TestClock } from "effect/testing"
import { describe, expect } from "vitest"
import { Output } from "../../../src/cli/output.ts"
import type { Delivery } from "../../../src/cli/run/delivery.ts"
import { queuedSink, type QueuedSinkOptions, SinkProblem, waiting } from "../../../src/cli/run/queuedSink.ts"
import { deliveries } from "../../support/workbench.ts"

const open = (options: Partial<QueuedSinkOptions> & Pick<QueuedSinkOptions, "write">) =>
  Effect.gen(function*() {
    const notes: Array<string> = []
    const output = Output.of({
      json: false,
      level: "info",
      terminal: { stdout: false, stderr: false },
      write: () => Effect.void,
      data: () => Effect.void,
      note: (_level, _event, message) => Effect.sync(() => void notes.push(message)),
      paint: (_style, text) => text
    })
    const scope = yield* Scope.make()
    const sink = yield* queuedSink({
      name: "archive",
      output,
      bounds: { messages: 3, bytes: 1_000_000 },
      onFull: "backpressure",
      workers: 1,
      most: 10,
      retry: { first: 1000, cap: 4000, during: Infinity },
      ...options
    }).pipe(Scope.provide(scope))
    return { sink, notes, close: Scope.close(scope, Exit.void) }
  })

const settle = Effect.forEach(Array.from({ length: 20 }), () => Effect.yieldNow, { discard: true })

/** Second by second, with time for what each of them sets off. */
const pass = (seconds: number) =>
  Effect.forEach(
    Array.from({ length: seconds }),
    () => Effect.andThen(TestClock.adjust("1 second"), settle),
    { discard: true }
  )

describe("a sink", () => {
  it.effect("is tried again until it takes messages, and says so twice", () =>
    Effect.gen(function*() {
      const written: Array<unknown> = []
      let broken = true
      const { close, notes, sink } = yield* open({
        write: (batch) =>
          broken
            ? Effect.fail(new SinkProblem({ sentence: "the disk is full" }))
            : Effect.sync(() => void written.push(...batch.map(({ message }) => message)))
      })
      yield* sink.offer(deliveries("a", "b"))
      yield* settle
      expect(notes).toEqual(["sink archive: the disk is full; 2 messages waiting, and it is tried again"])
      yield* pass(20)
      broken = false
      yield* pass(4)
      expect(written).toEqual(["a", "b"])
      expect(notes.slice(1)).toEqual(["sink archive: takes messages again"])
      yield* close
    }))

  it.effect("waits as long as it is asked to", () =>
    Effect.gen(function*() {
      let attempts = 0
      const { close, sink } = yield* open({
        write: () =>
          Effect.suspend(() => {
            attempts++
            return Effect.fail(new SinkProblem({ sentence: "busy", retryAfter: 60_000 }))
          })
      })
      yield* sink.offer(deliveries("a"))
      yield* TestClock.adjust("59 seconds")
      expect(attempts).toBe(1)
      yield* TestClock.adjust("1 second")
      expect(attempts).toBe(2)
      const closing = yield* Effect.forkChild(close)
      yield* TestClock.adjust("2 seconds")
      yield* Fiber.join(closing)
    }))

  it.effect("loses what is refused, counts it, and goes on", () =>
    Effect.gen(function*() {
      const written: Array<unknown> = []
      const { close, notes, sink } = yield* open({
        most: 1,
        write: ([delivery]) =>
          delivery?.message === "bad"
            ? Effect.fail(new SinkProblem({ sentence: "the server answered with 400", rejected: true }))
            : Effect.sync(() => void written.push(delivery?.message))
      })
      yield* sink.offer(deliveries("a", "bad", "b", "bad", "c"))
      yield* settle
      yield* close
      expect(written).toEqual(["a", "b", "c"])
      expect(notes).toEqual([
        "sink archive: the server answered with 400; 1 message lost so far",
        "sink archive: 2 messages lost"
      ])
    }))

  it.effect("gives a batch up after the time that it may take", () =>
    Effect.gen(function*() {
      const { close, notes, sink } = yield* open({
        write: () => Effect.fail(new SinkProblem({ sentence: "down" })),
        retry: { first: 1000, cap: 1000, during: 3000 }
      })
      yield* sink.offer(deliveries("a"))
      yield* pass(5)
      expect(notes.at(-1)).toBe("sink archive: down; 1 message lost so far")
      yield* close
    }))

  it.effect("makes the connection wait where it is full", () =>
    Effect.gen(function*() {
      const { close, sink } = yield* open({ write: () => Effect.never, most: 1 })
      // One in hand, three waiting.
      const offer = yield* Effect.forkChild(sink.offer(deliveries("a", "b", "c", "d", "e")), { startImmediately: true })
      yield* settle
      expect(offer.pollUnsafe()).toBeUndefined()
      const closing = yield* Effect.forkChild(close)
      yield* TestClock.adjust("2 seconds")
      yield* Fiber.join(closing)
      yield* Fiber.join(offer)
    }))

  it.effect("drops and tells what it drops, where it is asked to", () =>
    Effect.gen(function*() {
      const { close, notes, sink } = yield* open({ write: () => Effect.never, most: 1, onFull: "drop" })
      yield* sink.offer(deliveries("a"))
      yield* settle
      yield* sink.offer(deliveries("b", "c", "d", "e"))
      yield* sink.offer(deliveries("f"))
      expect(notes).toEqual(["sink archive: is full; 1 message dropped so far"])
      yield* TestClock.adjust("10 seconds")
      yield* sink.offer(deliveries("g"))
      expect(notes.at(-1)).toBe("sink archive: is full; 3 messages dropped so far")
      const closing = yield* Effect.forkChild(close)
      yield* TestClock.adjust("2 seconds")
      yield* Fiber.join(closing)
      expect(notes.at(-1)).toBe("sink archive: closed with 4 messages not written")
    }))

  it.effect("writes what waits before it closes", () =>
    Effect.gen(function*() {
      const written: Array<unknown> = []
      const { close, notes, sink } = yield* open({
        most: 1,
        write: ([delivery]) =>
          Effect.andThen(Effect.sleep(400), Effect.sync(() => void written.push(delivery?.message)))
      })
      yield* sink.offer(deliveries("a", "b", "c"))
      const closing = yield* Effect.forkChild(close)
      yield* TestClock.adjust("2 seconds")
      yield* Fiber.join(closing)
      expect({ written, notes }).toEqual({ written: ["a", "b", "c"], notes: [] })
    }))

  it.effect("gathers for a while, where many are cheaper than one", () =>
    Effect.gen(function*() {
      const batches: Array<number> = []
      const write = (batch: ReadonlyArray<Delivery>) => Effect.sync(() => void batches.push(batch.length))
      const { close, sink } = yield* open({ most: 3, gather: 1000, write, bounds: { messages: 100, bytes: 1_000_000 } })
      yield* sink.offer(deliveries("a"))
      yield* settle
      yield* sink.offer(deliveries("b"))
      yield* TestClock.adjust("1 second")
      expect(batches).toEqual([2])
      yield* sink.offer(deliveries("a", "b", "c", "d"))
      yield* settle
      expect(batches).toEqual([2, 3])
      // What is left is not gathered for when the sink closes.
      yield* close
      expect(batches.reduce((sum, size) => sum + size)).toBe(6)
    }))
})

describe("a queue", () => {
  it("has its bounds", () => {
    expect(waiting({})).toEqual({ bounds: { messages: 1000, bytes: 16 * 1024 * 1024 }, onFull: "backpressure" })
    expect(waiting({ queue: 5, queueSize: "1 KiB", onFull: "drop" })).toEqual({
      bounds: { messages: 5, bytes: 1024 },
      onFull: "drop"
    })
  })
})
