import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Headers from "effect/http/Headers"
import * as Option from "effect/Option"
import * as Scope from "effect/Scope"
import type * as Socket from "effect/socket/Socket"
import { TestClock } from "effect/testing"
import type { HandshakeRequest } from "../../src/Handshake.ts"
import { make } from "../../src/internal/constructorTransport.ts"
import { verifyWith } from "../../src/internal/verify.ts"
import type { Message } from "../../src/Link.ts"
import { FakeWebSocket } from "../support/fakeWebSocket.ts"

/** A dial under way, its socket, and the scope that holds it. */
const dialling = Effect.fnUntraced(function*(
  options: {
    readonly request?: Partial<HandshakeRequest>
    readonly socket?: (url: string, protocols: unknown) => FakeWebSocket
    readonly requireSubprotocol?: boolean
  } = {}
) {
  const sockets: Array<FakeWebSocket> = []
  const transport = make((url, protocols) => {
    const socket = (options.socket ?? ((url, protocols) => new FakeWebSocket(url, protocols)))(url, protocols)
    sockets.push(socket)
    return socket
  })
  const scope = yield* Scope.make()
  const fiber = yield* transport.dial(
    {
      url: "ws://test/feed?secret",
      headers: Headers.empty,
      subprotocols: [],
      extensions: [],
      attempt: 4,
      endpoint: "ws://test/feed",
      ...options.request
    },
    verifyWith({ requireSubprotocol: options.requireSubprotocol ?? true })
  ).pipe(Scope.provide(scope), Effect.forkChild({ startImmediately: true }))
  return { fiber, ws: sockets[0]!, sockets, letGo: Scope.close(scope, Exit.void) }
})

const opened = Effect.fnUntraced(function*(ws = new FakeWebSocket("ws://test/")) {
  const dial = yield* dialling({ socket: () => ws })
  ws.opens()
  return { ws, link: yield* Fiber.join(dial.fiber), letGo: dial.letGo }
})

describe("a dial over a WebSocket constructor", () => {
  it.effect("asks for the URL, for the subprotocols if there are any, and for bytes instead of Blobs", () =>
    Effect.gen(function*() {
      const without = yield* dialling()
      assert.strictEqual(without.ws.url, "ws://test/feed?secret")
      assert.isUndefined(without.ws.protocols)
      assert.strictEqual(without.ws.binaryType, "arraybuffer")
      const withTwo = yield* dialling({ request: { subprotocols: ["v1", "v2"] } })
      assert.deepStrictEqual(withTwo.ws.protocols, ["v1", "v2"])
      yield* Effect.andThen(Fiber.interrupt(without.fiber), Fiber.interrupt(withTwo.fiber))
    }))

  it.effect("tells that it waits for a response, which is all it knows", () =>
    Effect.gen(function*() {
      const transport = make(() => new FakeWebSocket("ws://test/"))
      assert.deepStrictEqual(transport.extensions, [])
      assert.isFalse(transport.capabilities.ping)
      const { fiber, ws } = yield* dialling()
      ws.opens()
      const link = yield* Fiber.join(fiber)
      assert.deepStrictEqual(link.response, Option.none())
      assert.deepStrictEqual(link.subprotocol, Option.none())
      assert.strictEqual(link.endpoint, "ws://test/feed")
    }))

  it.effect("takes a socket that is open already, and one that is closed for a failure", () =>
    Effect.gen(function*() {
      const ready = new FakeWebSocket("ws://test/")
      ready.readyState = 1
      yield* Fiber.join((yield* dialling({ socket: () => ready })).fiber)
      const dead = new FakeWebSocket("ws://test/")
      dead.readyState = 3
      const error = yield* Effect.flip(Fiber.join((yield* dialling({ socket: () => dead })).fiber))
      assert.strictEqual(error.reason._tag, "ConnectFailed")
    }))

  it.effect("is refused with headers, and no socket is made", () =>
    Effect.gen(function*() {
      const { fiber, sockets } = yield* dialling({ request: { headers: Headers.fromInput({ "X-Token": "secret" }) } })
      const error = yield* Effect.flip(Fiber.join(fiber))
      assert.include(error.reason, { _tag: "InvalidRequest", option: "headers" })
      assert.include(error.message, "x-token")
      assert.notInclude(error.message, "secret")
      assert.strictEqual(sockets.length, 0)
    }))

  it.effect("is refused where the constructor throws, without the URL that it names", () =>
    Effect.gen(function*() {
      const { fiber } = yield* dialling({
        socket: (url) => {
          throw new SyntaxError(`bad URL: ${url}`)
        }
      })
      const error = yield* Effect.flip(Fiber.join(fiber))
      assert.strictEqual(error.reason._tag, "InvalidRequest")
      assert.include(error.message, "SyntaxError")
      assert.notInclude(error.message, "secret")
      assert.strictEqual(error.attempt, 4)
    }))

  it.effect("that fails is one error, of what the error and the close event say", () =>
    Effect.gen(function*() {
      const cases = [
        [{ message: "Unexpected server response: 503" }, 1006, "", "Unexpected server response: 503"],
        [{ error: new Error("socket hang up") }, 1006, "", "socket hang up"],
        // All that Node's WebSocket ever says.
        [{ error: new TypeError() }, 1006, "", ""],
        [{}, 1006, "", ""],
        [{}, 1015, "no TLS", "no TLS; close code 1015"]
      ] as const
      for (const [event, code, reason, detail] of cases) {
        const { fiber, ws } = yield* dialling()
        ws.raise("error", event)
        ws.closes(code, reason)
        const error = yield* Effect.flip(Fiber.join(fiber))
        assert.deepInclude(error.reason, { _tag: "ConnectFailed", phase: "response", code: "UNKNOWN", detail })
      }
    }))

  it.effect("fails by an error that no close event follows", () =>
    Effect.gen(function*() {
      const { fiber, ws } = yield* dialling()
      ws.raise("error")
      assert.strictEqual((yield* Effect.flip(Fiber.join(fiber))).reason._tag, "ConnectFailed")
      assert.deepStrictEqual(ws.calls, ["close"])
    }))

  it.effect("fails and closes the socket where the subprotocol is not one of the offered", () =>
    Effect.gen(function*() {
      for (const answer of ["", "v3"]) {
        const { fiber, ws } = yield* dialling({ request: { subprotocols: ["v1"] } })
        ws.opens(answer)
        const error = yield* Effect.flip(Fiber.join(fiber))
        assert.include(error.reason, { _tag: "HandshakeInvalid", check: "subprotocol" })
        assert.deepStrictEqual(ws.calls, ["close"])
      }
    }))

  it.effect("takes a server that names no subprotocol where that is allowed", () =>
    Effect.gen(function*() {
      const { fiber, ws } = yield* dialling({ request: { subprotocols: ["v1"] }, requireSubprotocol: false })
      ws.opens()
      assert.deepStrictEqual((yield* Fiber.join(fiber)).subprotocol, Option.none())
    }))

  it.effect("that is interrupted closes its socket, and hears its last error", () =>
    Effect.gen(function*() {
      const { fiber, ws } = yield* dialling()
      yield* Fiber.interrupt(fiber)
      assert.deepStrictEqual(ws.calls, ["close"])
      assert.strictEqual(ws.listenerCount("open"), 0)
      assert.strictEqual(ws.listenerCount("message"), 0)
      assert.strictEqual(ws.listenerCount("error"), 1)
      ws.raise("error", { message: "closed before the connection was established" })
      ws.closes(1006)
    }))
})

describe("a link over a WebSocket constructor", () => {
  it.effect("loses no message that comes right after the opening", () =>
    Effect.gen(function*() {
      const { fiber, ws } = yield* dialling()
      ws.opens()
      ws.raise("message", { data: "first" })
      ws.raise("message", { data: new Uint8Array([1, 2]).buffer })
      const link = yield* Fiber.join(fiber)
      assert.deepStrictEqual(yield* link.pull, ["first", new Uint8Array([1, 2])])
    }))

  it.effect("tells the size of a message in bytes of UTF-8, and the time of it", () =>
    Effect.gen(function*() {
      const { link, ws } = yield* opened()
      const sizes: Array<number> = []
      link.receive({ onMessage: (_message, bytes) => sizes.push(bytes), onEnd: () => {} })
      yield* TestClock.adjust("2 seconds")
      ws.raise("message", { data: "äöü" })
      ws.raise("message", { data: new ArrayBuffer(7) })
      assert.deepStrictEqual(sizes, [6, 7])
      assert.strictEqual(link.lastInbound(), 2_000_000_000n)
    }))

  it.effect("keeps the order of messages around a Blob, and the end behind it", () =>
    Effect.gen(function*() {
      const { link, ws } = yield* opened()
      const calls: Array<Message | string> = []
      link.receive({ onMessage: (message) => calls.push(message), onEnd: (error) => calls.push(error.reason._tag) })
      ws.raise("message", { data: new Blob([new Uint8Array([1, 2, 3])]) })
      ws.raise("message", { data: "after the Blob" })
      ws.closes(1001)
      assert.deepStrictEqual(calls, [])
      yield* Effect.ignore(link.ended)
      assert.deepStrictEqual(calls, [new Uint8Array([1, 2, 3]), "after the Blob", "GoingAway"])
    }))

  it.effect("ends by a message that it cannot read, which would be missing", () =>
    Effect.gen(function*() {
      const { link, ws } = yield* opened()
      ws.raise("message", { data: { neither: "text nor bytes" } })
      assert.strictEqual((yield* Effect.flip(link.ended)).reason._tag, "AbnormalClosure")
    }))

  it.effect("has the reason of the close event", () =>
    Effect.gen(function*() {
      const cases = [
        [1000, "NormalClosure"],
        [1005, "NoStatus"],
        [1006, "AbnormalClosure"],
        [1012, "ServiceRestart"],
        [4004, "ApplicationClose"]
      ] as const
      for (const [code, tag] of cases) {
        const { link, ws } = yield* opened()
        ws.closes(code, code === 1006 ? "" : "why")
        const { reason } = yield* Effect.flip(link.ended)
        assert.include(reason, { _tag: tag, code })
        yield* link.released
      }
    }))

  it.effect("keeps what an error said before the close event", () =>
    Effect.gen(function*() {
      const { link, ws } = yield* opened()
      ws.raise("error", { message: "read ECONNRESET" })
      assert.isUndefined(link.failure())
      ws.closes(1006)
      assert.include((yield* Effect.flip(link.ended)).message, "read ECONNRESET")
    }))

  it.effect("takes nothing once the socket is closing, although no close event came", () =>
    Effect.gen(function*() {
      const { link, ws } = yield* opened()
      assert.isTrue(link.offer("a"))
      ws.readyState = 2
      assert.isFalse(link.offer("b"))
      assert.include((yield* Effect.flip(link.write(["c"]))).reason, { _tag: "SendFailed", delivery: "notSent" })
      assert.deepStrictEqual(ws.sent, ["a"])
    }))

  it.effect("takes nothing that the socket throws at", () =>
    Effect.gen(function*() {
      const { link, ws } = yield* opened()
      ws.send = () => {
        throw new TypeError("SharedArrayBuffer")
      }
      assert.isFalse(link.offer(new Uint8Array(1)))
    }))

  it.effect("closes with 1000 in place of a code that a browser refuses", () =>
    Effect.gen(function*() {
      for (const [code, sent] of [[1000, 1000], [1001, 1000], [1011, 1000], [3000, 3000], [4999, 4999]] as const) {
        const { link, ws } = yield* opened()
        yield* link.close(code, "bye")
        assert.deepStrictEqual(ws.calls, [`close ${sent} bye`])
        ws.closes(1000, "bye")
        assert.include((yield* Effect.flip(link.ended)).reason, { code: sent, initiator: "self" })
      }
    }))

  it.effect("looks for a drained buffer while somebody waits, and not longer", () =>
    Effect.gen(function*() {
      const { link, ws } = yield* opened()
      let looks = 0
      let amount = 1000
      Object.defineProperty(ws, "bufferedAmount", { get: () => (looks++, amount) })
      const fiber = yield* Effect.forkChild(link.drained(100), { startImmediately: true })
      yield* TestClock.adjust("1 second")
      assert.isUndefined(fiber.pollUnsafe())
      assert.isBelow(looks, 60)
      amount = 100
      yield* TestClock.adjust("20 millis")
      yield* Fiber.join(fiber)
      looks = 0
      yield* TestClock.adjust("1 second")
      assert.strictEqual(looks, 0)
      amount = 1000
      const interrupted = yield* Effect.forkChild(link.flush, { startImmediately: true })
      yield* TestClock.adjust("1 second")
      yield* Fiber.interrupt(interrupted)
      looks = 0
      yield* TestClock.adjust("1 second")
      assert.strictEqual(looks, 0)
    }))

  it.effect("has nothing buffered where the platform does not count", () =>
    Effect.gen(function*() {
      const ws = new FakeWebSocket("ws://test/")
      Object.defineProperty(ws, "bufferedAmount", { value: undefined })
      const { link } = yield* opened(ws)
      assert.strictEqual(link.buffered(), 0)
      yield* link.flush
    }))

  it.effect("ends at once when terminated, and is released when the platform has closed it", () =>
    Effect.gen(function*() {
      const { link, ws } = yield* opened()
      const released = yield* Effect.forkChild(link.released, { startImmediately: true })
      yield* link.terminate
      assert.strictEqual(link.failure()?.reason._tag, "AbnormalClosure")
      assert.deepStrictEqual(ws.calls, ["close"])
      yield* Effect.yieldNow
      assert.isUndefined(released.pollUnsafe())
      ws.closes(1005)
      yield* Fiber.join(released)
      yield* link.terminate
      assert.deepStrictEqual(ws.calls, ["close"])
    }))

  it.effect("is terminated where the platform can do that", () =>
    Effect.gen(function*() {
      const ws = Object.assign(new FakeWebSocket("ws://test/"), { terminate: () => void ws.calls.push("terminate") })
      const { link } = yield* opened(ws)
      yield* link.terminate
      assert.deepStrictEqual(ws.calls, ["terminate"])
    }))

  it.effect("delivers nothing after its scope was closed, and hears the last error", () =>
    Effect.gen(function*() {
      const { letGo, link, ws } = yield* opened()
      const calls: Array<unknown> = []
      link.receive({
        onMessage: (message) => calls.push(message),
        onEnd: (error) => calls.push(error.reason._tag)
      })
      yield* letGo
      ws.raise("message", { data: "late" })
      ws.raise("error", { message: "late" })
      assert.deepStrictEqual(calls, ["AbnormalClosure"])
      assert.strictEqual(ws.listenerCount("message"), 0)
      ws.closes(1006)
      yield* link.released
    }))

  it.effect("does not throw where the platform refuses to close", () =>
    Effect.gen(function*() {
      const { link, ws } = yield* opened()
      ws.close = () => {
        throw new Error("InvalidStateError")
      }
      yield* link.close(1000, "")
      yield* link.terminate
    }))
})

// What the fake is, the type of the service must allow.
export type FakeIsLikeAWebSocket = FakeWebSocket extends Socket.WebSocketLike ? true : never
