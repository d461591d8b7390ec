// Opening handshakes over real sockets: what is asked, which answers are taken, and what is left of those that are not.
import { assert, describe, it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Scope from "effect/Scope"
import { dial, endOf, refusal } from "../../support/dialling.ts"
import { closeBody, encode, opcode, text } from "../../support/frames.ts"
import * as RealServer from "../../support/realServer.ts"

describe("a dial over a real socket", () => {
  it.live("opens a link that knows the subprotocol and the response", () =>
    Effect.gen(function*() {
      const server = yield* RealServer.make()
      yield* server.accept({ subprotocol: "b", headers: { "x-node": "7" } })
      const link = yield* dial(`${server.url}feed?token=1`, {
        subprotocols: ["a", "b"],
        headers: { authorization: "Bearer t" },
        attempt: 3
      })
      assert.deepStrictEqual(link.subprotocol, Option.some("b"))
      const response = Option.getOrThrow(link.response)
      assert.strictEqual(response.status, 101)
      assert.strictEqual(response.headers["x-node"], "7")
      assert.strictEqual(link.endpoint, `${server.url}feed`)
      const [asked] = yield* server.asked
      assert(asked !== undefined)
      assert.strictEqual(asked.target, "/feed?token=1")
      assert.strictEqual(asked.headers["authorization"], "Bearer t")
      assert.strictEqual(asked.headers["sec-websocket-protocol"], "a,b")
      assert.strictEqual(asked.headers["sec-websocket-version"], "13")
      assert.strictEqual(Buffer.from(asked.headers["sec-websocket-key"] ?? "", "base64").length, 16)
      assert.isUndefined(asked.headers["sec-websocket-extensions"])
    }))

  it.live("sends a fresh key at each attempt", () =>
    Effect.gen(function*() {
      const server = yield* RealServer.make()
      yield* dial(server.url)
      yield* dial(server.url)
      const keys = (yield* server.asked).map((asked) => asked.headers["sec-websocket-key"])
      assert.strictEqual(new Set(keys).size, 2)
    }))

  it.live("tells the phases it goes through", () =>
    Effect.gen(function*() {
      const server = yield* RealServer.make()
      const phases: Array<string> = []
      yield* dial(server.url.replace("127.0.0.1", "localhost"), { progress: (phase) => phases.push(phase), family: 4 })
      assert.deepStrictEqual(phases, ["dns", "tcp", "response"])
      phases.length = 0
      yield* dial(server.url, { progress: (phase) => phases.push(phase) })
      assert.deepStrictEqual(phases, ["tcp", "response"])
    }))

  describe.each(["http", "status", "upgrade", "connection", "accept", "extensions", "subprotocol"] as const)(
    "an answer that fails the check %s alone",
    (check) => {
      it.live("is refused as what it is, TCP is closed, and no Close frame is sent", () =>
        Effect.gen(function*() {
          const server = yield* RealServer.make()
          yield* server.invalid(check)
          const reason = yield* refusal(server.url, { subprotocols: ["a"] })
          if (check === "status") {
            assert.strictEqual(reason._tag, "HandshakeRejected")
          } else {
            assert.strictEqual(reason._tag, "HandshakeInvalid")
            assert.strictEqual(reason._tag === "HandshakeInvalid" && reason.check, check)
          }
          const socket = yield* server.connection
          yield* server.idle
          assert.strictEqual(yield* server.openLinks, 0)
          // The request, and not a byte more.
          assert.strictEqual(socket.bytesRead, Buffer.byteLength(requestText(yield* server.asked)))
        }))
    }
  )

  it.live("takes an accept that comes twice for none", () =>
    Effect.gen(function*() {
      const server = yield* RealServer.make()
      yield* server.answer(({ accept, socket }) => {
        socket.write(RealServer.switching(accept).replace(/(sec-websocket-accept: .*\r\n)/, "$1$1"))
      })
      const reason = yield* refusal(server.url)
      assert.strictEqual(reason._tag === "HandshakeInvalid" && reason.check, "accept")
    }))

  it.live.each([
    { connection: "keep-alive, Upgrade" },
    { connection: "UPGRADE" },
    { upgrade: "WebSocket" }
  ])("takes the legal answer %o", (headers) =>
    Effect.gen(function*() {
      const server = yield* RealServer.make()
      yield* server.accept({ headers })
      const link = yield* dial(server.url)
      assert.isTrue(link.writable())
    }))

  it.live("takes no HTTP/1.0 for an answer", () =>
    Effect.gen(function*() {
      const server = yield* RealServer.make()
      yield* server.answer(({ accept, socket }) => {
        socket.write(RealServer.switching(accept).replace("HTTP/1.1", "HTTP/1.0"))
      })
      const reason = yield* refusal(server.url)
      assert.strictEqual(reason._tag === "HandshakeInvalid" && reason.check, "http")
    }))

  it.live("takes a server that names no subprotocol where that was allowed, and refuses it where not", () =>
    Effect.gen(function*() {
      const server = yield* RealServer.make()
      yield* server.accept({ subprotocol: "" })
      const link = yield* dial(server.url, { subprotocols: ["a"], requireSubprotocol: false })
      assert.deepStrictEqual(link.subprotocol, Option.none())
      const reason = yield* refusal(server.url, { subprotocols: ["a"] })
      assert.strictEqual(reason._tag === "HandshakeInvalid" && reason.check, "subprotocol")
    }))

  it.live("tells a refusal with its status, headers, the first KiB of the body, and how long to wait", () =>
    Effect.gen(function*() {
      const server = yield* RealServer.make()
      yield* server.reject(429, {
        headers: { "retry-after": "7", "set-cookie": "session=secret", "x-a": "b" },
        body: "é".repeat(2000)
      })
      const reason = yield* refusal(server.url)
      assert(reason._tag === "HandshakeRejected")
      assert.strictEqual(reason.status, 429)
      assert.strictEqual(reason.headers["x-a"], "b")
      assert.strictEqual(reason.headers["set-cookie"], "<redacted>")
      assert.strictEqual(reason.body, "é".repeat(512))
      assert.deepStrictEqual(Option.map(reason.retryAfter, Duration.toMillis), Option.some(7000))
      yield* server.idle
    }))

  it.live("does not wait for ever for the body of a refusal", () =>
    Effect.gen(function*() {
      const server = yield* RealServer.make()
      yield* server.answer(({ socket }) => {
        socket.write(RealServer.head("401 Unauthorized", { "content-length": "100" }) + "only this")
      })
      const reason = yield* refusal(server.url)
      assert(reason._tag === "HandshakeRejected")
      assert.strictEqual(reason.status, 401)
      assert.strictEqual(reason.body, "only this")
      yield* server.idle
    }))

  it.live("reports a server that hangs up before it answers", () =>
    Effect.gen(function*() {
      const server = yield* RealServer.make()
      yield* server.answer(({ socket }) => void socket.end())
      const reason = yield* refusal(server.url)
      assert(reason._tag === "ConnectFailed")
      assert.deepStrictEqual([reason.phase, reason.code], ["response", "ECONNRESET"])
      yield* server.answer(({ socket }) => void socket.resetAndDestroy())
      const reset = yield* refusal(server.url)
      assert(reset._tag === "ConnectFailed")
      assert.deepStrictEqual([reset.phase, reset.code], ["response", "ECONNRESET"])
    }))

  it.live("reports a port where nobody listens", () =>
    Effect.gen(function*() {
      const url = yield* Effect.scoped(Effect.map(RealServer.make(), (server) => server.url))
      const reason = yield* refusal(url)
      assert(reason._tag === "ConnectFailed")
      assert.deepStrictEqual([reason.phase, reason.code], ["tcp", "ECONNREFUSED"])
      const both = yield* refusal(url.replace("127.0.0.1", "localhost"))
      assert(both._tag === "ConnectFailed")
      assert.deepStrictEqual([both.phase, both.code], ["tcp", "ECONNREFUSED"])
    }))

  it.live("reports a name that cannot be looked up", () =>
    Effect.gen(function*() {
      const reason = yield* refusal("ws://holdfast.invalid/?token=secret")
      assert(reason._tag === "ConnectFailed")
      assert.strictEqual(reason.phase, "dns")
      assert.include(["ENOTFOUND", "EAI_AGAIN"], reason.code)
      assert.notInclude(reason.message, "secret")
    }))

  it.live("refuses what Node cannot send, naming no secret", () =>
    Effect.gen(function*() {
      const reason = yield* refusal("ws://127.0.0.1:1/", { headers: { authorization: "secret\u2026" } })
      assert(reason._tag === "InvalidRequest")
      assert.notInclude(reason.message, "secret")
    }))

  it.live("refuses what Node finds out only when the socket is there, and nobody hears of that socket again", () =>
    Effect.gen(function*() {
      const server = yield* RealServer.make()
      const reason = yield* refusal(server.url, { headers: { trailer: "x" } })
      assert.deepInclude(reason, { _tag: "InvalidRequest", option: "request" })
      // Its "socket hang up" came when it was closed; with nobody to hear it, that ended the process.
      assert.strictEqual(yield* server.openLinks, 0)
      yield* server.idle
    }))

  it.live("says that a verifier is broken, instead of tearing the process down", () =>
    Effect.gen(function*() {
      const server = yield* RealServer.make()
      const exit = yield* Effect.exit(dial(server.url, {
        verify: () => {
          throw new Error("broken")
        }
      }))
      assert.include(String(exit), "broken")
      yield* server.idle
    }))
})

describe("what comes with the 101", () => {
  const frames = Buffer.concat([
    text("one"),
    text("two"),
    encode({ opcode: opcode.close, payload: closeBody(4001, "x") })
  ])

  const expectAll = (server: RealServer.RealServer) =>
    Effect.gen(function*() {
      const link = yield* dial(server.url)
      const got: Array<unknown> = []
      const reason = yield* Effect.flip(Effect.forever(Effect.map(link.pull, (batch) => got.push(...batch))))
      assert.deepStrictEqual(got, ["one", "two"])
      assert.strictEqual(reason._tag === "ConnectionError" && reason.reason._tag, "ApplicationClose")
    })

  it.live("in the same segment is not lost", () =>
    Effect.gen(function*() {
      const server = yield* RealServer.make()
      yield* server.answer(({ accept, accepted, socket }) => {
        socket.write(Buffer.concat([Buffer.from(RealServer.switching(accept)), frames]))
        accepted()
      })
      yield* expectAll(server)
    }))

  it.live("is not lost, wherever the segments are split", () =>
    Effect.gen(function*() {
      const server = yield* RealServer.make()
      const length = RealServer.switching("x".repeat(28)).length + frames.length
      for (let at = 1; at < length; at++) {
        yield* server.answer(({ accept, accepted, socket }) => {
          const all = Buffer.concat([Buffer.from(RealServer.switching(accept)), frames])
          socket.setNoDelay(true)
          socket.write(all.subarray(0, at), () => setImmediate(() => socket.write(all.subarray(at))))
          accepted()
        })
        yield* Effect.scoped(expectAll(server))
      }
    }), 30_000)

  it.live("is not lost when everything comes one byte at a time", () =>
    Effect.gen(function*() {
      const server = yield* RealServer.make()
      yield* server.answer(({ accept, accepted, socket }) => {
        const all = Buffer.concat([Buffer.from(RealServer.switching(accept)), frames])
        socket.setNoDelay(true)
        const next = (at: number): void => {
          if (at < all.length && socket.writable) {
            socket.write(all.subarray(at, at + 1), () => setImmediate(() => next(at + 1)))
          }
        }
        next(0)
        accepted()
      })
      yield* expectAll(server)
    }))
})

describe("an interrupted dial", () => {
  const leavesNothing = (server: RealServer.RealServer, options?: Parameters<typeof dial>[1], url = server.url) =>
    Effect.gen(function*() {
      const fiber = yield* Effect.forkChild(dial(url, options))
      yield* server.connection
      yield* Effect.yieldNow
      yield* Fiber.interrupt(fiber)
      assert.strictEqual(yield* server.openLinks, 0)
      yield* server.idle
    })

  it.live("leaves nothing while the server does not answer", () =>
    Effect.gen(function*() {
      const server = yield* RealServer.make()
      yield* server.stall
      yield* leavesNothing(server)
    }))

  it.live("leaves nothing while TLS is stalled", () =>
    Effect.gen(function*() {
      const server = yield* RealServer.make({ silent: true })
      yield* leavesNothing(server, {}, server.url.replace("ws:", "wss:"))
    }))

  it.live("leaves nothing while the 101 trickles in", () =>
    Effect.gen(function*() {
      const server = yield* RealServer.make()
      yield* server.answer(({ accept, socket }) => void socket.write(RealServer.switching(accept).slice(0, 40)))
      yield* leavesNothing(server)
    }))

  it.live("leaves nothing while the body of a refusal trickles in", () =>
    Effect.gen(function*() {
      const server = yield* RealServer.make()
      yield* server.answer(({ socket }) => {
        socket.write(RealServer.head("503 No", { "content-length": "100" }) + "so")
      })
      yield* leavesNothing(server)
    }))

  it.live("leaves nothing at once after it was begun", () =>
    Effect.gen(function*() {
      const server = yield* RealServer.make()
      for (const url of [server.url, server.url.replace("127.0.0.1", "localhost")]) {
        const fiber = yield* Effect.forkChild(dial(url), { startImmediately: true })
        yield* Fiber.interrupt(fiber)
      }
      assert.strictEqual(yield* server.openLinks, 0)
    }))

  it.live("delivers nothing of a 101 that comes too late", () =>
    Effect.gen(function*() {
      const server = yield* RealServer.make()
      let answer = () => {}
      yield* server.answer((wire) => {
        answer = () => void wire.socket.write(RealServer.switching(wire.accept) + "")
      })
      yield* leavesNothing(server)
      answer()
      yield* server.idle
    }))

  it.live("is also ended by the end of its scope", () =>
    Effect.gen(function*() {
      const server = yield* RealServer.make()
      yield* server.stall
      const fiber = yield* Effect.scoped(Effect.gen(function*() {
        const scope = yield* Effect.scope
        const fiber = yield* Effect.forkDetach(Scope.provide(dial(server.url), scope))
        yield* server.connection
        return fiber
      }))
      const exit = yield* Fiber.await(fiber)
      assert.strictEqual(exit._tag, "Failure")
      assert.strictEqual(yield* server.openLinks, 0)
    }))
})

describe("a link whose scope is closed", () => {
  it.live("has freed its descriptor when the scope is closed", () =>
    Effect.gen(function*() {
      const server = yield* RealServer.make()
      const link = yield* Effect.scoped(Effect.gen(function*() {
        const link = yield* dial(server.url)
        assert.strictEqual(yield* server.openLinks, 1)
        return link
      }))
      assert.strictEqual(yield* server.openLinks, 0)
      assert.strictEqual((yield* endOf(link))._tag, "AbnormalClosure")
      const peer = yield* server.peer
      assert.deepStrictEqual(yield* peer.closed, { code: 1006, reason: "" })
    }))
})

const requestText = (all: ReadonlyArray<RealServer.Asked>): string =>
  all.map((asked) =>
    `GET ${asked.target} HTTP/1.1\r\n` +
    Object.entries(asked.headers).map(([name, value]) => `${name}: ${value}\r\n`).join("") + "\r\n"
  ).join("")
