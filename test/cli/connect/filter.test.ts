import { it } from "@effect/vitest"
import { Clock, Deferred, Duration, Effect, Fiber, Option, Stream } from "effect"
import { TestClock } from "effect/testing"
import { describe, expect } from "vitest"
import { filter, type FilterOptions } from "../../../src/cli/connect/filter.ts"
import { Receipts } from "../../../src/cli/connect/receipts.ts"
import { failure } from "../../../src/cli/failure.ts"
import { layerNever } from "../../../src/Reconnect.ts"
import { beside, connect, settle, type Setup } from "../../support/connect.ts"
import { FakeLink } from "../../support/fakeLink.ts"
import { type RecordedOutput, recordedOutput } from "../../support/recordedOutput.ts"

const setup = (
  options: Partial<FilterOptions> = {},
  { asks = false, connection: setup, output = recordedOutput() }: {
    readonly asks?: boolean
    readonly connection?: Setup
    readonly output?: RecordedOutput
  } = {}
) =>
  Effect.gen(function*() {
    const { connection, server } = yield* connect(setup)
    const clock = yield* Clock.clockWith(Effect.succeed)
    const receipts = new Receipts({ asks, atOpen: false, clock })
    const running = yield* beside(filter(connection, output.output, receipts, {
      input: Stream.empty,
      format: "text",
      wait: Duration.seconds(2),
      count: Option.none(),
      expect: undefined,
      command: undefined,
      ...options
    }))
    yield* settle
    return { connection, output, receipts, running, server }
  })

describe("the filter", () => {
  it.effect("reads nothing before a session is open", () =>
    Effect.gen(function*() {
      let read = false
      const { running, server } = yield* setup({
        input: Stream.fromEffect(Effect.sync(() => {
          read = true
          return ["a"]
        }))
      }, { connection: { server: (server) => server.stall } })
      yield* TestClock.adjust("5 seconds")
      expect(read).toBe(false)
      yield* server.accept()
      yield* TestClock.adjust("30 seconds")
      const peer = yield* server.peer
      expect(yield* peer.received).toEqual(["a"])
      yield* Fiber.join(running)
    }))

  it.effect("ends when nothing has come for a while after everything was sent", () =>
    Effect.gen(function*() {
      const { output, running, server } = yield* setup({ input: Stream.make(["a", "b"], ["c"]) })
      const peer = yield* server.peer
      yield* settle
      expect(yield* peer.received).toEqual(["a", "b", "c"])
      for (const reply of ["1", "2", "3"]) {
        yield* TestClock.adjust("1900 millis")
        yield* peer.send(reply)
        yield* settle
      }
      expect(running.pollUnsafe()).toBeUndefined()
      yield* TestClock.adjust("2 seconds")
      expect(yield* Fiber.join(running)).toMatchObject({ satisfied: false, received: 3, error: undefined })
      expect(output.written()).toBe("1\n2\n3\n")
      expect(yield* peer.closed).toMatchObject({ code: 1000 })
    }))

  it.effect("ends at the wanted number of messages, and prints no more", () =>
    Effect.gen(function*() {
      const { output, running, server } = yield* setup({ count: Option.some(2), wait: Duration.infinity })
      const peer = yield* server.peer
      yield* peer.send("1")
      yield* settle
      expect(running.pollUnsafe()).toBeUndefined()
      yield* peer.send("2")
      yield* peer.send("3")
      yield* settle
      expect(yield* Fiber.join(running)).toMatchObject({ satisfied: true, received: 2 })
      expect(output.written()).toBe("1\n2\n")
    }))

  it.effect("ends at a message that matches, and prints it", () =>
    Effect.gen(function*() {
      const { output, running, server } = yield* setup({
        expect: (message) => message === "ready",
        wait: Duration.infinity
      })
      const peer = yield* server.peer
      for (const message of ["a", "ready", "b"]) yield* peer.send(message)
      yield* settle
      expect(yield* Fiber.join(running)).toMatchObject({ satisfied: true })
      expect(output.written()).toBe("a\nready\n")
    }))

  it.effect("does not end while stdout is slow", () =>
    Effect.gen(function*() {
      const slow = yield* Deferred.make<void>()
      const output = recordedOutput({ write: () => Deferred.await(slow) })
      const { running, server } = yield* setup({}, { output })
      const peer = yield* server.peer
      yield* peer.send("a")
      yield* TestClock.adjust("1 minute")
      expect(running.pollUnsafe()).toBeUndefined()
      yield* Deferred.succeed(slow, undefined)
      yield* settle
      yield* TestClock.adjust("3 seconds")
      expect(yield* Fiber.join(running)).toMatchObject({ received: 1 })
    }))

  it.effect("waits for answers anew after a loss", () =>
    Effect.gen(function*() {
      const { running, server } = yield* setup()
      yield* TestClock.adjust("1 second")
      const peer = yield* server.peer
      yield* server.next.refuse("ECONNREFUSED")
      yield* peer.drop
      yield* TestClock.adjust("2 seconds")
      yield* server.peer
      yield* TestClock.adjust("1900 millis")
      expect(running.pollUnsafe()).toBeUndefined()
      yield* TestClock.adjust("200 millis")
      yield* Fiber.join(running)
    }))

  it.effect("tells what was not sent when the connection is closed for good, having printed what came", () =>
    Effect.gen(function*() {
      const later = Stream.fromEffect(Effect.as(Effect.sleep("500 millis"), ["b", "c"]))
      const { output, receipts, running, server } = yield* setup({ input: Stream.concat(Stream.make(["a"]), later) })
      const peer = yield* server.peer
      yield* settle
      receipts.sent = 1
      yield* server.reject(403)
      yield* peer.send("last words")
      yield* peer.drop
      yield* TestClock.adjust("2 seconds")
      expect(yield* Fiber.join(running)).toMatchObject({
        error: { reason: { _tag: "HandshakeRejected" } },
        unsent: 2,
        received: 1
      })
      expect(output.written()).toBe("last words\n")
    }))

  it.effect("waits a while for a peer that does not confirm what was sent, and then tells how much that is", () =>
    Effect.gen(function*() {
      const { receipts, running } = yield* setup({}, { asks: true })
      const clock = yield* Clock.clockWith(Effect.succeed)
      receipts.opened(new FakeLink(clock).state)
      receipts.message("sent")
      yield* TestClock.adjust("1 minute")
      expect(yield* Fiber.join(running)).toMatchObject({ unconfirmed: 1 })
    }))

  it.effect("tells what was waiting to be sent when the peer closed, and nothing where that was nothing", () =>
    Effect.gen(function*() {
      const setups: ReadonlyArray<readonly [input: FilterOptions["input"], unsent: number]> = [
        [Stream.never, 0],
        [Stream.empty, 0],
        [Stream.fromEffect(Effect.as(Effect.sleep("100 millis"), ["a", "b"])), 2]
      ]
      for (const [input, unsent] of setups) {
        const { running, server } = yield* setup({ input, wait: Duration.infinity }, {
          connection: { reconnect: layerNever }
        })
        yield* (yield* server.peer).close(1000)
        yield* settle
        yield* TestClock.adjust("200 millis")
        expect(yield* Fiber.join(running)).toMatchObject({ unsent, error: { reason: { _tag: "NormalClosure" } } })
      }
    }))

  it.effect("runs commands in their place, where lines may be some", () =>
    Effect.gen(function*() {
      const ran: Array<string> = []
      const { running, server } = yield* setup({
        input: Stream.make(["a", "/one", "//two", "b"]),
        command: (line) =>
          line.startsWith("/") && !line.startsWith("//") ? Effect.sync(() => void ran.push(line)) : undefined
      })
      const peer = yield* server.peer
      yield* TestClock.adjust("3 seconds")
      yield* Fiber.join(running)
      expect(yield* peer.received).toEqual(["a", "/two", "b"])
      expect(ran).toEqual(["/one"])
    }))

  it.effect("fails with what is wrong with its input or output", () =>
    Effect.gen(function*() {
      const wrong = failure("failure", "Line 1 of stdin is not UTF-8.")
      const { running } = yield* setup({ input: Stream.fail(wrong) })
      expect(yield* Effect.flip(Fiber.join(running))).toBe(wrong)
      const gone = failure("brokenPipe", "Whoever read the output has gone.")
      const other = yield* setup({}, { output: recordedOutput({ write: () => Effect.fail(gone) }) })
      const peer = yield* other.server.peer
      yield* peer.send("a")
      expect(yield* Effect.flip(Fiber.join(other.running))).toBe(gone)
    }))
})
