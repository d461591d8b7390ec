import { assert, describe, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import { TestClock } from "effect/testing"
import {
  AbnormalClosure,
  ConnectionClosed,
  ConnectionError,
  GoingAway,
  NormalClosure
} from "../../src/ConnectionError.ts"
import { type Driver, LinkState, type LinkStateOptions } from "../../src/internal/linkState.ts"
import { Waiters } from "../../src/internal/wait.ts"
import type { Message } from "../../src/Link.ts"

/** A driver that writes down what it was asked for. */
const setup = Effect.fnUntraced(
  function*(options: Partial<LinkStateOptions> & { readonly able?: Partial<Driver> } = {}) {
    const clock = yield* Clock.clockWith(Effect.succeed)
    const calls: Array<string> = []
    const waiters = new Waiters()
    const wire = { backlog: 0, open: true, written: () => {} }
    const driver: Driver = {
      send: (message) => {
        if (!wire.open) return false
        calls.push(`send ${String(message)}`)
        return true
      },
      buffered: () => wire.backlog,
      whenBelow: (mark, done) => {
        calls.push(`whenBelow ${mark}`)
        return waiters.add(done)
      },
      whenFlushed: (done) => {
        calls.push("whenFlushed")
        return waiters.add(done)
      },
      ping: (payload, done) => {
        calls.push(`ping ${payload.length}`)
        wire.written = done
      },
      close: (code, reason) => calls.push(`close ${code} ${reason}`),
      terminate: () => calls.push("terminate"),
      pause: () => calls.push("pause"),
      resume: () => calls.push("resume"),
      ...options.able
    }
    const state = new LinkState({
      endpoint: "ws://test/",
      attempt: 2,
      subprotocol: undefined,
      response: undefined,
      clock,
      driver,
      ...options
    })
    return { state, calls, waiters, wire }
  }
)

const goingAway = new GoingAway({ code: 1001, closeReason: "", initiator: "peer" })

describe("LinkState", () => {
  it.effect("shows what it was made with", () =>
    Effect.gen(function*() {
      const { state } = yield* setup({ subprotocol: "v1", response: { status: 101, headers: {} as never } })
      assert.strictEqual(state.endpoint, "ws://test/")
      assert.deepStrictEqual(state.subprotocol, Option.some("v1"))
      assert.strictEqual(Option.getOrThrow(state.response).status, 101)
    }))

  describe("what is received", () => {
    it.effect("is pulled in one batch, and a pull waits for the next", () =>
      Effect.gen(function*() {
        const { state } = yield* setup()
        state.push("a", 1)
        state.push("b", 1)
        assert.deepStrictEqual(yield* state.pull, ["a", "b"])
        const fiber = yield* Effect.forkChild(state.pull, { startImmediately: true })
        state.push("c", 1)
        // The rest of the chunk belongs to the same batch.
        state.push("d", 1)
        assert.deepStrictEqual(yield* Fiber.join(fiber), ["c", "d"])
      }))

    it.effect("is not lost to a pull that was interrupted", () =>
      Effect.gen(function*() {
        const { state } = yield* setup()
        const fiber = yield* Effect.forkChild(state.pull, { startImmediately: true })
        state.push("kept", 4)
        yield* Fiber.interrupt(fiber)
        assert.deepStrictEqual(yield* state.pull, ["kept"])
      }))

    it.effect("goes to the receiver with its size, first what had come before", () =>
      Effect.gen(function*() {
        const { state } = yield* setup()
        const calls: Array<unknown> = []
        state.push("early", 5)
        state.receive({
          onMessage: (message, bytes) => calls.push([message, bytes]),
          onEnd: (error) => calls.push(error.reason)
        })
        state.push("live", 4)
        state.end(goingAway)
        state.end(new NormalClosure({ code: 1000 }))
        assert.deepStrictEqual(calls, [["early", 5], ["live", 4], goingAway])
      }))

    it.effect("is told to a receiver that comes after the end, the end last", () =>
      Effect.gen(function*() {
        const { state } = yield* setup()
        const calls: Array<unknown> = []
        state.push("last words", 10)
        state.end(goingAway)
        state.receive({ onMessage: (message) => calls.push(message), onEnd: (error) => calls.push(error) })
        assert.deepStrictEqual(calls, ["last words", state.failure()])
      }))

    it.effect("is shown to handlers, one of which may remove itself", () =>
      Effect.gen(function*() {
        const { state } = yield* setup()
        const seen: Array<Message> = []
        yield* state.onMessage((message) => seen.push(`first ${String(message)}`))
        yield* Effect.scoped(Effect.andThen(
          state.onMessage((message) => seen.push(`second ${String(message)}`)),
          Effect.sync(() => state.push("a", 1))
        ))
        state.push("b", 1)
        assert.deepStrictEqual(seen, ["first a", "second a", "first b"])
      }))

    it.effect("is dropped after our Close, and after the end (RFC 6455 §5.5.1)", () =>
      Effect.gen(function*() {
        const { state } = yield* setup()
        state.push("before", 6)
        yield* state.close(1000, "")
        state.push("after our Close", 15)
        state.end(goingAway)
        state.push("after the end", 13)
        assert.deepStrictEqual(yield* state.pull, ["before"])
        assert.strictEqual<unknown>(yield* Effect.flip(state.pull), state.failure())
      }))

    it.effect("moves the times of life: a pong the one, messages and pings both", () =>
      Effect.gen(function*() {
        const { state } = yield* setup()
        const after = Effect.fnUntraced(function*(frame: () => void) {
          yield* TestClock.adjust("1 second")
          frame()
          state.touch()
          return [state.lastInbound() / 1_000_000_000n, state.lastData() / 1_000_000_000n]
        })
        assert.deepStrictEqual(yield* after(() => state.pong(new Uint8Array())), [1n, 0n])
        assert.deepStrictEqual(yield* after(() => state.push("a", 1)), [2n, 2n])
        assert.deepStrictEqual(yield* after(() => state.pong(new Uint8Array())), [3n, 2n])
        assert.deepStrictEqual(yield* after(() => state.pinged(new Uint8Array())), [4n, 4n])
      }))

    it.effect("as a pong goes to handlers while their scope is open", () =>
      Effect.gen(function*() {
        const { state } = yield* setup()
        const pongs: Array<number> = []
        yield* Effect.scoped(Effect.gen(function*() {
          yield* state.onPong((payload) => pongs.push(payload.length))
          state.pong(new Uint8Array(3))
        }))
        state.pong(new Uint8Array(4))
        assert.deepStrictEqual(pongs, [3])
      }))

    it.effect("as a ping goes to handlers while their scope is open", () =>
      Effect.gen(function*() {
        const { state } = yield* setup()
        const pings: Array<number> = []
        yield* Effect.scoped(Effect.gen(function*() {
          yield* state.onPing((payload) => pings.push(payload.length))
          state.pinged(new Uint8Array(3))
        }))
        state.pinged(new Uint8Array(4))
        assert.deepStrictEqual(pings, [3])
      }))
  })

  describe("the end", () => {
    it.effect("is the first reason only, with the attempt and the endpoint", () =>
      Effect.gen(function*() {
        const { state } = yield* setup()
        assert.isUndefined(state.failure())
        state.end(goingAway)
        state.end(new NormalClosure({ code: 1000 }))
        yield* state.terminate
        const error = yield* Effect.flip(state.ended)
        assert.deepStrictEqual(error, new ConnectionError({ reason: goingAway, attempt: 2, endpoint: "ws://test/" }))
        assert.strictEqual(state.failure(), error)
      }))

    it.effect("is explained by our own Close, whatever comes after it", () =>
      Effect.gen(function*() {
        const { state } = yield* setup()
        yield* state.close(4000, "bye")
        state.end(new AbnormalClosure({ cause: undefined }))
        assert.include((yield* Effect.flip(state.ended)).reason, { code: 4000, closeReason: "bye", initiator: "self" })
      }))

    it.effect("by abort is the error given, our Close notwithstanding", () =>
      Effect.gen(function*() {
        const { calls, state } = yield* setup()
        yield* state.close(1000, "")
        const error = new ConnectionError({ reason: new ConnectionClosed({}) })
        yield* state.abort(error)
        assert.strictEqual(yield* Effect.flip(state.ended), error)
        assert.deepStrictEqual(calls, ["close 1000 ", "terminate"])
      }))

    it.effect("wakes every waiter and leaves none registered", () =>
      Effect.gen(function*() {
        const { state, waiters, wire } = yield* setup()
        wire.backlog = 10
        const fibers = yield* Effect.forEach(
          [state.ended, state.pull, state.drained(0), state.flush, state.ping(new Uint8Array())],
          (effect) => Effect.forkChild(effect, { startImmediately: true })
        )
        state.end(goingAway)
        for (const fiber of fibers) assert.isTrue(Exit.isFailure(yield* Fiber.await(fiber)))
        assert.strictEqual(waiters.size, 0)
      }))

    it.effect("keeps the number of bytes that had not left", () =>
      Effect.gen(function*() {
        const { state, wire } = yield* setup()
        wire.backlog = 300
        state.end(goingAway)
        wire.backlog = 0
        assert.strictEqual(state.buffered(), 300)
      }))

    it.effect("is not yet the release of the descriptor", () =>
      Effect.gen(function*() {
        const { state } = yield* setup()
        const fiber = yield* Effect.forkChild(state.released, { startImmediately: true })
        state.end(goingAway)
        yield* Effect.yieldNow
        assert.isUndefined(fiber.pollUnsafe())
        state.release()
        state.release()
        yield* Fiber.join(fiber)
        yield* state.released
      }))
  })

  describe("sending", () => {
    it.effect("hands messages to the driver, in order", () =>
      Effect.gen(function*() {
        const { calls, state } = yield* setup()
        assert.isTrue(state.offer("a"))
        yield* state.write(["b", "c"])
        assert.deepStrictEqual(calls, ["send a", "send b", "send c"])
      }))

    it.effect("fails as not sent with the reason of the end", () =>
      Effect.gen(function*() {
        const { calls, state } = yield* setup()
        state.end(goingAway)
        assert.isFalse(state.writable())
        assert.isFalse(state.offer("a"))
        const { reason } = yield* Effect.flip(state.write(["a"]))
        assert(reason._tag === "SendFailed")
        assert.strictEqual(reason.delivery, "notSent")
        assert.strictEqual(reason.cause, state.failure())
        assert.deepStrictEqual(calls, [])
      }))

    it.effect("fails as not sent where the driver did not take it, although nobody noticed an end", () =>
      Effect.gen(function*() {
        const { state, wire } = yield* setup()
        wire.open = false
        assert.isFalse(state.offer("a"))
        const { reason } = yield* Effect.flip(state.write(["a"]))
        assert(reason._tag === "SendFailed")
        assert.strictEqual(reason.cause.reason._tag, "AbnormalClosure")
      }))

    it.effect("waits for the driver to drain", () =>
      Effect.gen(function*() {
        const { calls, state, waiters, wire } = yield* setup()
        yield* state.drained(0)
        wire.backlog = 100
        yield* state.drained(100)
        const fiber = yield* Effect.forkChild(state.drained(50), { startImmediately: true })
        waiters.wakeAll()
        yield* Effect.yieldNow
        // A wake that came too early is no drain.
        assert.isUndefined(fiber.pollUnsafe())
        wire.backlog = 50
        waiters.wakeAll()
        yield* Fiber.join(fiber)
        assert.deepStrictEqual(calls, ["whenBelow 50", "whenBelow 50"])
      }))

    it.effect("is flushed when the driver says so, however much was taken since", () =>
      Effect.gen(function*() {
        const { calls, state, waiters, wire } = yield* setup()
        yield* state.flush
        wire.backlog = 100
        const fiber = yield* Effect.forkChild(state.flush, { startImmediately: true })
        wire.backlog = 200
        waiters.wakeAll()
        yield* Fiber.join(fiber)
        assert.deepStrictEqual(calls, ["whenFlushed"])
        const late = yield* Effect.forkChild(Effect.flip(state.flush), { startImmediately: true })
        state.end(goingAway)
        assert.strictEqual((yield* Fiber.join(late)).reason._tag, "GoingAway")
        assert.strictEqual((yield* Effect.flip(state.flush)).reason._tag, "GoingAway")
      }))

    it.effect("forgets a wait that was interrupted", () =>
      Effect.gen(function*() {
        const { state, waiters, wire } = yield* setup()
        wire.backlog = 1
        const fiber = yield* Effect.forkChild(state.flush, { startImmediately: true })
        assert.strictEqual(waiters.size, 1)
        yield* Fiber.interrupt(fiber)
        assert.strictEqual(waiters.size, 0)
      }))
  })

  describe("a ping", () => {
    it.effect("succeeds when it has left", () =>
      Effect.gen(function*() {
        const { calls, state, wire } = yield* setup()
        const fiber = yield* Effect.forkChild(state.ping(new Uint8Array(4)), { startImmediately: true })
        yield* Effect.yieldNow
        assert.isUndefined(fiber.pollUnsafe())
        wire.written()
        yield* Fiber.join(fiber)
        assert.deepStrictEqual(calls, ["ping 4"])
      }))

    it.effect("fails where the transport has none, is too long, or the link is closing", () =>
      Effect.gen(function*() {
        const unable = yield* setup({ able: { ping: undefined } })
        assert.include((yield* Effect.flip(unable.state.ping(new Uint8Array()))).reason, { _tag: "InvalidRequest" })
        const { calls, state } = yield* setup()
        assert.include((yield* Effect.flip(state.ping(new Uint8Array(126)))).reason, { _tag: "InvalidRequest" })
        yield* state.close(1000, "")
        assert.include((yield* Effect.flip(state.ping(new Uint8Array()))).reason, { _tag: "SendFailed" })
        assert.deepStrictEqual(calls, ["close 1000 "])
      }))
  })

  describe("our Close", () => {
    it.effect("is sent once, and stops sending", () =>
      Effect.gen(function*() {
        const { calls, state } = yield* setup()
        yield* state.close(4000, "first")
        yield* state.close(4001, "second")
        assert.isTrue(state.isClosing)
        assert.isFalse(state.writable())
        assert.isFalse(state.offer("a"))
        assert.include(yield* Effect.flip(state.write(["a"])).pipe(Effect.map((error) => error.reason)), {
          _tag: "SendFailed",
          delivery: "notSent"
        })
        assert.deepStrictEqual(calls, ["close 4000 first"])
      }))

    it.effect("is not sent after the end", () =>
      Effect.gen(function*() {
        const { calls, state } = yield* setup()
        state.end(goingAway)
        yield* state.close(1000, "")
        assert.deepStrictEqual(calls, [])
      }))

    it.effect("carries 1000 in place of a code that may not be sent, and a reason of at most 123 bytes", () =>
      Effect.gen(function*() {
        for (const code of [0, 999, 1004, 1005, 1006, 1012, 1015, 2999, 5000, NaN]) {
          const { calls, state } = yield* setup()
          yield* state.close(code, "é".repeat(100))
          assert.deepStrictEqual(calls, [`close 1000 ${"é".repeat(61)}`])
        }
      }))

    it.effect("carries 1000 where the platform can send only that and 3000 to 4999, in the error as well", () =>
      Effect.gen(function*() {
        for (const [code, sent] of [[1000, 1000], [1001, 1000], [1011, 1000], [3000, 3000], [4999, 4999]] as const) {
          const { calls, state } = yield* setup({ closeCodes: "1000,3000-4999" })
          yield* state.close(code, "")
          state.end(new NormalClosure({ code: 1000 }))
          assert.deepStrictEqual(calls, [`close ${sent} `])
          assert.include(state.failure()!.reason, { code: sent, initiator: "self" })
        }
      }))
  })

  describe("a pause", () => {
    it.effect("is passed on once, and so is its end", () =>
      Effect.gen(function*() {
        const { calls, state } = yield* setup()
        state.resume()
        state.pause()
        state.pause()
        assert.isTrue(state.paused())
        state.resume()
        state.resume()
        assert.isFalse(state.paused())
        assert.deepStrictEqual(calls, ["pause", "resume"])
      }))

    it.effect("does not begin where the transport cannot, while closing, or after the end", () =>
      Effect.gen(function*() {
        const unable = yield* setup({ able: { pause: undefined, resume: undefined } })
        unable.state.pause()
        assert.isFalse(unable.state.paused())
        const closing = yield* setup()
        yield* closing.state.close(1000, "")
        closing.state.pause()
        assert.isFalse(closing.state.paused())
        const ended = yield* setup()
        ended.state.end(goingAway)
        ended.state.pause()
        assert.isFalse(ended.state.paused())
      }))

    it.effect("ends with our Close, whose answer would not be seen", () =>
      Effect.gen(function*() {
        const { calls, state } = yield* setup()
        state.pause()
        yield* state.close(1000, "")
        assert.isFalse(state.paused())
        assert.deepStrictEqual(calls, ["pause", "resume", "close 1000 "])
      }))
  })
})
